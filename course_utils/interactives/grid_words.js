// The grid in words: what one sees of it, of one place, and of one move with its sum.

import { words } from "./runtime.js";
import { decimals, plural } from "./counted_words.js";
import { bestMoves, isOpen, MOST_MOVES, PAYS, PRIZE, WALL } from "./tabular.js";
import { LATEST } from "./grid_setup.js";

export const NAMES = ["floor", "wall", "goal", "small prize", "trap", "start"];
const TURNS = ["up", "right", "down", "left"];

// 0.285 is 0.29, whichever side the sum falls
export const signed = (v, digits = 2) => decimals(v + Math.sign(v) * 1e-9, digits);
export const spot = (world, s) => "row " + (Math.floor(s / world.columns) + 1) + ", column " + ((s % world.columns) + 1);
const far = ({ most, mean: middle, where }, world) => (most < 5e-7 ? "the exact values, to six digits" : (most < 0.01 ? words(most, 1) : signed(most)) + " from the exact values at the farthest (" + spot(world, where) + ")" + (most < 0.01 ? "" : ", " + signed(middle) + " on average"));
/** What one sees, in two or three sentences. */
export function situation(now, seen) {
  const { world, one, sweeps } = now, policy = "Its greedy policy is worth " + signed(seen.worth) + " at the start, the best one " + signed(seen.best) + ".";
  if (now.show === "exact") return "Exact: the start is worth " + signed(seen.best) + ". A policy's values solve one linear equation per place; the policy gets better until nothing changes.";
  if (now.show === "plan") return sweeps ? "After " + plural(sweeps, "sweep") + ": " + far(seen, world) + ". " + policy : "Nothing is swept yet: every place is worth 0, and is " + signed(seen.most) + " from its exact value at the farthest.";
  if (!one.episodes && !one.moves) return "Nothing is learned yet: every move is worth 0, and all moves look alike. The best policy is worth " + signed(seen.best) + " at the start.";
  const count = Math.min(LATEST, one.episodes), wins = one.returns.filter((g) => g > 0).length;
  return (one.episodes ? "After " + plural(one.episodes, "episode") + (wins ? ": return " + signed(seen.last) + (count > 1 ? " on average over the last " + count : "") + ". " : ", no return above 0 yet. ") : "")
    + (one.episodes ? policy + " " : "") + "Q-learning is " + far(seen, world) + "; " + seen.untried + " of " + seen.moves + " moves never tried.";
}
/** One place in words: what its moves are worth and, for the best one, why. */
export function placeInWords(now, seen, s) {
  const { world, gamma } = now, kind = now.cells[s], here = spot(world, s)[0].toUpperCase() + spot(world, s).slice(1) + ": ";
  if (!isOpen(kind)) return here + NAMES[kind] + (kind === WALL ? "." : ", pays " + signed(PAYS[kind], kind === PRIZE ? 1 : 0) + " and ends the episode.");
  const best = bestMoves(seen.q, s), say = here + "worth " + signed(seen.values[s]) + ", exactly " + signed(now.exact.values[s]) + ". " + TURNS.map((name, a) => name + " " + signed(seen.q[4 * s + a])).join(", ") + ". ";
  if (now.show === "learn") return say + "Tried " + TURNS.map((_, a) => now.one.tried[4 * s + a]).join(", ") + " times.";
  const term = ([chance, next, reward, over]) => (chance < 1 ? signed(chance) + " \u00b7 " : "") + (over ? signed(reward) : (reward || chance < 1 ? "(" : "") + (reward ? signed(reward) + " + " : "") + signed(gamma) + " \u00b7 " + signed(seen.values[next]) + (reward || chance < 1 ? ")" : ""));
  return say + TURNS[best[0]][0].toUpperCase() + TURNS[best[0]].slice(1) + " is " + world.paths[4 * s + best[0]].map(term).join(" + ") + ".";
}
/** One move of the learner, with its sum. */
export function moveInWords(now, { s, a, reward, over, explored, was, target, now: got, done }) {
  const bootstrap = over ? "" : " + " + signed(now.gamma) + " \u00b7 " + signed((target - reward) / (now.gamma || 1));
  return (explored ? "By chance: " : "Greedy: ") + TURNS[a] + " from " + spot(now.world, s) + ". Target " + signed(reward) + bootstrap + (over && !bootstrap ? "" : " = " + signed(target)) + ". Q goes " + signed(now.alpha) + " of the way from " + signed(was) + " there: " + signed(got) + "."
    + (done ? over ? " The episode ends." : " The episode is cut off after " + MOST_MOVES + " moves." : "");
}
