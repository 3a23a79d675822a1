/** Dates as sites write them: `when` of the SDK. A text must be the date and nothing besides. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds, or months as a text of their number. */
const UNITS = {
  秒: 1, 秒钟: 1, 分: MINUTE, 分钟: MINUTE, 小时: HOUR, 钟头: HOUR, 天: DAY, 日: DAY, 周: 7 * DAY, 星期: 7 * DAY, 礼拜: 7 * DAY,
  second: 1, sec: 1, minute: MINUTE, min: MINUTE, hour: HOUR, hr: HOUR, day: DAY, week: 7 * DAY,
};
const MONTHS = { 月: 1, 年: 12, month: 1, year: 12 };
const NUMERALS = '〇一二三四五六七八九十';
const DAYS = { 今天: 0, 今日: 0, 昨天: 1, 昨日: 1, 前天: 2, 大前天: 3 };
const NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const NOW = /^(?:刚刚|刚才|just now)$/i;
const AGO = /^(?:大?约\s*)?(\d{1,6}|[半几两一二三四五六七八九十])\s*个?\s*(秒钟?|分钟?|小时|钟头|天|日|周|星期|礼拜|月|年)(半?)\s*[以之]?前$/;
const AGO_ENGLISH = /^(?:about )?(\d{1,6}|an?) (second|sec|minute|min|hour|hr|day|week|month|year)s? ago$/;
const TIME = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?`;
const NEAR = new RegExp(`^(今天|今日|昨天|昨日|大?前天)(?:\\s*${TIME})?$`);
const ZONE = String.raw`\s*(Z|UTC?|GMT|[+-]\d{2}:?\d{2})?`;
const WHOLE = new RegExp(String.raw`^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*${TIME}${ZONE})?$`);
const YEARLESS = new RegExp(String.raw`^(\d{1,2})[-/月](\d{1,2})日?(?:\s*${TIME})?$`);
const DAY_FIRST = new RegExp(String.raw`^(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3,9})\.?,?\s+(\d{4}|\d{2})(?:,?\s+${TIME}${ZONE})?$`);
const MONTH_FIRST = new RegExp(String.raw`^(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?:,?\s+${TIME}${ZONE})?$`);

/**
 * Reads a date that stands alone:
 *
 * - `2026-03-09 07:42`, `2026/3/9`, `2026年3月9日 07:42`, `2026-03-09T07:42:00Z`
 * - `03-09 07:42`, `3月9日`: without a year, the last such day, never in the future
 * - `刚刚`, `5分钟前`, `半小时前`, `3周前`, `2个月前`, `昨天 12:01`
 * - `just now`, `3 hours ago`, `a day ago`
 * - `Mon, 09 Mar 2026 07:42:00 GMT`, `9 March 2026`, `Mar 9, 2026 07:42`
 *
 * `now` is what relative ones count from (`response.fetched`), `utcOffset` holds where no zone is named. Gives
 * `{ published, dayOnly }`, to be spread into a post, or null.
 */
export function when(text, now, utcOffset) {
  const said = text.trim().replace(/[\s\u3000]+/g, ' ');
  const local = now + utcOffset;
  const today = Math.floor(local / DAY);
  if (NOW.test(said)) return { published: now, dayOnly: false };
  const ago = AGO.exec(said) ?? AGO_ENGLISH.exec(said.toLowerCase());
  if (ago) return before(local, utcOffset, halves(ago[1]) + (ago[3] ? 1 : 0), ago[2]);
  const near = NEAR.exec(said);
  if (near) return at(today - DAYS[near[1]], near.slice(2), utcOffset);
  const whole = WHOLE.exec(said);
  if (whole) return at(days(+whole[1], +whole[2], +whole[3]), whole.slice(4), utcOffset);
  const yearless = YEARLESS.exec(said);
  if (yearless) {
    const [month, day] = [+yearless[1], +yearless[2]];
    const year = new Date(today * DAY * 1000).getUTCFullYear();
    const ahead = days(year, month, Math.min(day, 28)) > today + 1;
    return at(days(ahead ? year - 1 : year, month, day), yearless.slice(3), utcOffset);
  }
  const first = DAY_FIRST.exec(said);
  if (first) return at(days(century(first[3]), named(first[2]), +first[1]), first.slice(4), utcOffset);
  const second = MONTH_FIRST.exec(said);
  if (second) return at(days(+second[3], named(second[1]), +second[2]), second.slice(4), utcOffset);
  return null;
}

/** An amount in halves, as `半` is one. */
function halves(amount) {
  if (amount === '半') return 1;
  if (amount === '几') return 6;
  if (amount === '两') return 4;
  if (amount === 'a' || amount === 'an') return 2;
  const numeral = NUMERALS.indexOf(amount);
  return 2 * (numeral < 0 ? Number(amount) : numeral);
}

function before(local, utcOffset, count, unit) {
  if (unit in UNITS) return { published: local - Math.trunc((count * UNITS[unit]) / 2) - utcOffset, dayOnly: false };
  const today = new Date(Math.floor(local / DAY) * DAY * 1000);
  const total = today.getUTCFullYear() * 12 + today.getUTCMonth() - Math.trunc((count * MONTHS[unit]) / 2);
  const [year, month] = [Math.floor(total / 12), (total % 12) + 1];
  if (year < 1) return null;
  const last = [31, 30, 29, 28].find((day) => days(year, month, day) !== null);
  const day = days(year, month, Math.min(today.getUTCDate(), last));
  return { published: day * DAY + (local - Math.floor(local / DAY) * DAY) - utcOffset, dayOnly: false };
}

/** Days from 1970, or null where there is no such day. */
function days(year, month, day) {
  if (year < 1 || month < 1 || month > 12) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? Math.floor(date.getTime() / 1000 / DAY) : null;
}

function at(day, [hour, minute, second, zone], utcOffset) {
  const [hours, minutes, seconds] = [hour, minute, second].map((part) => Number(part ?? 0));
  if (day === null || hours > 23 || minutes > 59 || seconds > 59) return null;
  let offset = utcOffset;
  const given = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '');
  if (given) offset = (given[1] === '-' ? -1 : 1) * (given[2] * HOUR + given[3] * MINUTE);
  else if (zone) offset = 0;
  return { published: day * DAY + hours * HOUR + minutes * MINUTE + seconds - offset, dayOnly: hour === undefined };
}

function named(month) {
  const lower = month.toLowerCase();
  return NAMES.findIndex((name) => lower.startsWith(name)) + 1;
}

/** Two-digit years: 90 to 99 are of the last century. */
function century(year) {
  if (year.length > 2) return Number(year);
  return Number(year) + (Number(year) < 90 ? 2000 : 1900);
}
