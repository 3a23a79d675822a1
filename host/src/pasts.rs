//! Simulated pasts, for tests that must hold over years: how a town speaks by day and night, on weekends, in lively
//! weeks and calm ones. The same ones each time.

/// Seconds of an hour and of a day.
pub(crate) const HOUR: i64 = 3600;
/// Seconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A small generator (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number from 0 up to 1.
    #[expect(clippy::cast_precision_loss, reason = "a fraction")]
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How often what happens `mean` times on average happens this time.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let (mut left, mut n) = (self.fraction(), 0_u32);
        let mut p = (-mean).exp();
        while left > p && n < 10_000 {
            left -= p;
            n += 1;
            p *= mean / f64::from(n);
        }
        n
    }

    /// A whole second of a span.
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a span")]
    pub(crate) fn within(&mut self, seconds: f64) -> i64 {
        (self.fraction() * seconds) as i64
    }
}

/// Calls `take` with the first second of each hour of `days` and the posts of that hour, `daily` on a working day. Where
/// days are uneven, three in ten are four times as lively as the others.
pub(crate) fn each_hour(
    dice: &mut Dice,
    daily: f64,
    uneven: bool,
    days: i64,
    mut take: impl FnMut(&mut Dice, i64, u32),
) {
    for day in 0..days {
        let mut mean = if matches!(day % 7, 2 | 3) { daily * 0.3 } else { daily };
        if uneven {
            mean *= if dice.fraction() < 0.3 { 2.2 } else { 0.5 };
        }
        for hour in 0..24 {
            let shape = if (8..20).contains(&hour) { 1.8 } else { 0.2 };
            let posts = dice.poisson(mean / 24.0 * shape);
            take(dice, day * DAY + hour * HOUR, posts);
        }
    }
}
