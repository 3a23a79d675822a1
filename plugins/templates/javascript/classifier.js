/**
 * Labels posts that suggest something.
 *
 * What is here looks for a few words. Change `found`, add posts to the fixture
 * with what you expect of them, and let `caifeng plugin check` say what is missing.
 */
import { clause } from '../sdk/javascript/caifeng.js';

/** Words by which people suggest something. */
const WORDS = ['建议', '希望'];

/** One list of labels for each post, in the order given. */
export function classify(settings, posts) {
  return posts.map((post) => found(post.text));
}

/** The label of a text, with the clause that it rests on: people decide, and want to see why. */
function found(text) {
  const word = WORDS.find((word) => text.includes(word));
  if (word === undefined) return [];
  const at = text.indexOf(word);
  return [{ name: 'suggestion', score: 0.7, evidence: [clause(text, at, at + word.length)] }];
}
