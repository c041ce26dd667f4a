/** Parts of a picture: whole pixels, inside it, whatever is dragged or pressed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { middlePart, movedPart, partBetween, resizedPart } from "../../../webview/part";

const size = { width: 100, height: 50 };

describe("a part of a picture", () => {
  it("lies between two places, in any order, and covers the pixels they touch", () => {
    const part = { left: 10, top: 5, width: 21, height: 16 };
    assert.deepEqual(partBetween({ x: 10.4, y: 5.9 }, { x: 30.2, y: 20.1 }, size), part);
    assert.deepEqual(partBetween({ x: 30.2, y: 20.1 }, { x: 10.4, y: 5.9 }, size), part);
  });

  it("ends at the picture's edges", () => {
    assert.deepEqual(partBetween({ x: -40, y: -1 }, { x: 900, y: 700 }, size), { left: 0, top: 0, ...size });
  });

  it("is none where the hand only slipped, or the drag passed beside the picture", () => {
    assert.equal(partBetween({ x: 10, y: 10 }, { x: 13, y: 40 }, size), undefined);
    assert.equal(partBetween({ x: 120, y: 10 }, { x: 180, y: 40 }, size), undefined);
  });

  it("moves and changes its size within the picture", () => {
    const part = middlePart(size);
    assert.deepEqual(part, { left: 25, top: 12, width: 50, height: 25 });
    assert.deepEqual(movedPart(part, { x: 1000, y: -1000 }, size), { ...part, left: 50, top: 0 });
    assert.deepEqual(resizedPart(part, { x: 1000, y: 1000 }, size), { ...part, width: 75, height: 38 });
    assert.deepEqual(resizedPart(part, { x: -1000, y: -1000 }, size), { ...part, width: 4, height: 4 });
  });

  it("is whole even where the picture has a single pixel", () => {
    const dot = { width: 1, height: 1 };
    assert.deepEqual(resizedPart(middlePart(dot), { x: -5, y: 5 }, dot), { left: 0, top: 0, width: 1, height: 1 });
  });
});
