import assert from "node:assert/strict";
import { test } from "node:test";
import { isKind, PickleRefusedError, readPickle } from "../../../src/engine/weights/pickle";
import { dictionaryPickle, op, tensorPickle } from "./torch-archive";

const refuses = (bytes: Buffer, found: string | RegExp): void => {
  assert.throws(
    () => readPickle(bytes),
    (thrown) => {
      if (!(thrown instanceof PickleRefusedError)) return false;
      if (typeof found === "string") assert.equal(thrown.found, found);
      else assert.match(thrown.found, found);
      return true;
    },
  );
};
const pickle = (...parts: readonly Buffer[]): Buffer => Buffer.concat([op.proto, ...parts, op.stop]);

test("a dictionary of tensors becomes plain data", () => {
  const value = readPickle(dictionaryPickle([["w", tensorPickle({ offset: 2, dims: [1, 2], strides: [2, 1] })]]));
  assert.ok(isKind(value, "dictionary"));
  assert.deepEqual(value.entries.get("w"), {
    kind: "tensor",
    storage: "0",
    type: "float32",
    storageElements: 4,
    offset: 2,
    dims: [1, 2],
    strides: [2, 1],
  });
});

test("numbers are read with their sign", () => {
  assert.equal(readPickle(pickle(op.int(-5))), -5);
  assert.equal(readPickle(pickle(Buffer.from([0x8a, 0]))), 0);
  assert.equal(readPickle(pickle(Buffer.from([0x8a, 1, 0xff]))), -1);
  assert.equal(readPickle(pickle(Buffer.from([0x4a, 0xfe, 0xff, 0xff, 0xff]))), -2);
  assert.equal(readPickle(pickle(Buffer.from([0x47, 0xbf, 0xe0, 0, 0, 0, 0, 0, 0]))), -0.5);
  refuses(pickle(op.int(Number.MAX_SAFE_INTEGER + 1)), "an integer beyond 53 bits");
  refuses(pickle(Buffer.concat([Buffer.from([0x8a, 255]), Buffer.alloc(255)])), "an integer of 255 bytes");
});

test("whatever is imported or called beyond rebuilding tensors is refused by name", () => {
  const call = (module: string, name: string): Buffer =>
    pickle(op.global(module, name), op.mark, op.text("touch /tmp/owned"), op.tuple, op.reduce);
  refuses(call("os", "system"), "os.system");
  refuses(call("posix", "system"), "posix.system");
  refuses(call("builtins", "eval"), "builtins.eval");
  refuses(call("subprocess", "Popen"), "subprocess.Popen");
  refuses(call("torch.hub", "load"), "torch.hub.load");
  refuses(call("torch", "__proto__"), "torch.__proto__");
  refuses(call("torch._utils", "_rebuild_tensor"), "torch._utils._rebuild_tensor");
  refuses(pickle(op.global("a".repeat(10_000), "b")), "a name of 10000 bytes");
  refuses(call("torch", "FloatStorage"), "torch.FloatStorage");
  refuses(pickle(op.text("x"), op.emptyTuple, op.reduce), "a call of something that is no name");
  refuses(
    pickle(op.global("collections", "OrderedDict"), op.mark, op.text("x"), op.tuple, op.reduce),
    "collections.OrderedDict",
  );
});

test("every opcode that PyTorch does not write is refused, by name where it has one", () => {
  const named = {
    i: "INST",
    o: "OBJ",
    "0": "POP",
    "2": "DUP",
    S: "STRING",
    g: "GET",
    p: "PUT",
    P: "PERSID",
    l: "LIST",
    d: "DICT",
  };
  for (const [code, name] of Object.entries(named)) {
    refuses(pickle(op.mark, Buffer.from(code)), `opcode ${name} 0x${Buffer.from(code).toString("hex")}`);
  }
  refuses(pickle(Buffer.from([0x81])), "opcode NEWOBJ 0x81");
  refuses(pickle(Buffer.from([0x93])), "opcode STACK_GLOBAL 0x93");
  refuses(pickle(Buffer.from([0x82, 1])), "opcode EXT1 0x82");
  refuses(pickle(Buffer.from([0xff])), "opcode 0xff");
  refuses(pickle(Buffer.from([0x00])), "opcode 0x00");
});

test("every single byte as an opcode ends at once, one way or the other", () => {
  for (let code = 0; code < 256; code++) {
    for (const before of [op.mark, op.emptyDict, op.emptyTuple, op.text("x"), Buffer.alloc(0)]) {
      try {
        readPickle(pickle(before, Buffer.from([code])));
      } catch (thrown) {
        assert.ok(thrown instanceof PickleRefusedError, `0x${code.toString(16)}: ${String(thrown)}`);
      }
    }
  }
});

test("objects that are misused are refused", () => {
  refuses(Buffer.alloc(0), "an early end");
  refuses(pickle(), "an empty stack");
  refuses(pickle(op.mark), "an empty stack");
  refuses(pickle(op.tuple), "a missing mark");
  refuses(pickle(op.get(7)), "memo 7, which was never set");
  refuses(pickle(op.text("storage"), op.persistentId), "a persistent id that is no storage");
  refuses(pickle(op.emptyTuple, op.persistentId), "a persistent id that is no storage");
  refuses(pickle(op.emptyTuple, op.text("a"), op.text("b"), op.setItem), "items of something that is no dictionary");
  refuses(pickle(op.emptyDict, op.int(1), op.text("b"), op.setItem), "a key that is no text");
  refuses(
    dictionaryPickle([
      ["w", op.int(1)],
      ["w", op.int(2)],
    ]),
    "the key w twice",
  );
  refuses(pickle(op.emptyTuple, op.emptyDict, Buffer.from("b")), "BUILD of an object");
  refuses(pickle(tensorPickle({ dims: [-4] })), "a tensor of malformed parts");
  refuses(pickle(tensorPickle({ dims: [4], strides: [] })), "a tensor of malformed parts");
  refuses(pickle(tensorPickle({ offset: -1 })), "a tensor of malformed parts");
  refuses(pickle(tensorPickle({ storageElements: -1 })), "a persistent id that is no storage");
  refuses(pickle(tensorPickle({ storageType: "UntypedStorage" })), "torch.UntypedStorage");
  const axes = Array<number>(33).fill(1);
  refuses(pickle(tensorPickle({ dims: axes, strides: axes })), "a tensor of malformed parts");
});

test("a text said to be longer than the file is refused before it is made", () => {
  refuses(pickle(Buffer.from([0x58, 0xff, 0xff, 0xff, 0xff])), "an early end");
});

test("a billion laughs, a list in itself and endless steps cost little", () => {
  const before = performance.now();
  // Each tuple holds the one before ten times: 10⁴⁰ items, were it ever written out.
  const laughs = Array.from({ length: 40 }, (_, level) =>
    Buffer.concat([op.mark, ...Array<Buffer>(10).fill(op.get(level)), op.tuple, op.put(level + 1)]),
  );
  readPickle(pickle(op.emptyTuple, op.put(0), ...laughs));
  readPickle(pickle(op.emptyList, op.put(0), op.mark, op.get(0), op.get(0), Buffer.from("e")));
  refuses(Buffer.alloc(30_000_000, "N"), "more than 20000000 steps");
  refuses(Buffer.alloc(30_000_000, "("), "more than 20000000 steps");
  refuses(Buffer.alloc(30_000_000, "}"), "more than 2000000 objects");
  const puts = Buffer.alloc(5 * 5_000_000, "r");
  for (let index = 0; index < 5_000_000; index++) puts.writeUInt32LE(index, index * 5 + 1);
  refuses(pickle(op.emptyDict, puts), "more than 4000000 remembered objects");
  assert.ok(performance.now() - before < 30_000);
});
