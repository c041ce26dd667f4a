import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePairs, MergeTable } from "../../../src/engine/text/byte-pair-merge";
import { RandomValues } from "./random";

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly order: number;
  readonly result: number;
}

/** The same, by looking at all pairs again after each merge. */
function mergeSlowly(symbols: readonly number[], merges: readonly Merge[]): number[] {
  const ids = [...symbols];
  for (;;) {
    let best: { at: number; merge: Merge } | undefined;
    for (let at = 0; at + 1 < ids.length; at++) {
      const merge = merges.find(({ left, right }) => left === ids[at] && right === ids[at + 1]);
      if (merge !== undefined && (best === undefined || merge.order < best.merge.order)) best = { at, merge };
    }
    if (best === undefined) return ids;
    ids.splice(best.at, 2, best.merge.result);
  }
}

function tableOf(merges: readonly Merge[]): MergeTable {
  const table = new MergeTable();
  for (const { left, right, order, result } of merges) table.add(left, right, order, result);
  return table;
}

test("merges as looking at all pairs each time would", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new RandomValues(seed);
    const letters = 2 + random.integer(3);
    const pairs = new Set<string>();
    const merges: Merge[] = [];
    for (let result = letters; result < letters + 12; result++) {
      const [left, right] = [random.integer(result), random.integer(result)];
      if (pairs.has(`${left} ${right}`)) continue;
      pairs.add(`${left} ${right}`);
      // As in SentencePiece, several pairs may share an order.
      merges.push({ left, right, order: seed % 2 === 0 ? result : random.integer(4), result });
    }
    const symbols = random.list(random.integer(40), () => random.integer(letters));
    const found = mergePairs(Int32Array.from(symbols), tableOf(merges)).map(({ id }) => id);
    assert.deepEqual(found, mergeSlowly(symbols, merges), `seed ${seed}`);
  }
});

test("what is no token merges with nothing and keeps its place", () => {
  const table = tableOf([{ left: 0, right: 0, order: 0, result: 1 }]);
  assert.deepEqual(mergePairs(Int32Array.of(0, 0, -1, 0, -1), table), [
    { id: 1, start: 0 },
    { id: -1, start: 2 },
    { id: 0, start: 3 },
    { id: -1, start: 4 },
  ]);
  assert.deepEqual(mergePairs(new Int32Array(0), table), []);
});

test("the highest orders and ids keep apart", () => {
  const [last, order] = [2 ** 20 - 1, 2 ** 22 - 1];
  const table = tableOf([
    { left: last, right: last, order, result: 7 },
    { left: last, right: 7, order: order - 1, result: last - 1 },
  ]);
  const ids = mergePairs(Int32Array.of(last, last, last), table).map(({ id }) => id);
  assert.deepEqual(ids, [7, last]);
});
