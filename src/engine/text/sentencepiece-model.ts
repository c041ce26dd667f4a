/**
 * The SentencePiece model file (tokenizer.model), as far as BPE models of the LLaMA kind use it.
 *
 * Source: google/sentencepiece, src/sentencepiece_model.proto (field numbers, defaults), src/model_interface.cc
 * (which pieces can be reached by encoding).
 */
import protobuf from "protobufjs/light";
import { vocabularyLimit } from "./tokenizer-config";
import { invalidTokenizer, isRecord, readTokenizerFile } from "./tokenizer-file";

export type PieceType = "normal" | "unknown" | "control" | "user-defined" | "unused" | "byte";

export interface Piece {
  readonly text: string;
  /** Pairs that give the piece with the highest score are merged first. */
  readonly score: number;
  readonly type: PieceType;
}

export interface SentencePieceModel {
  /** By token id. */
  readonly pieces: readonly Piece[];
  readonly byteFallback: boolean;
  /** A space is put before each text. */
  readonly addDummyPrefix: boolean;
  /** Runs of spaces count as one, spaces at both ends as none. */
  readonly removeExtraWhitespaces: boolean;
}

/** SentencePiece.Type, from 1. */
const pieceTypes: readonly PieceType[] = ["normal", "unknown", "control", "user-defined", "unused", "byte"];
/** TrainerSpec.ModelType */
const bytePairEncoding = 2;

/**
 * In proto2 a `false` that is written down differs from an absent field, whose default may be `true`. Each type has to
 * say so: protobufjs does not hand the edition down.
 */
const edition = "proto2";

const description = {
  nested: {
    ModelProto: {
      edition,
      fields: {
        pieces: { id: 1, rule: "repeated", type: "SentencePiece" },
        trainerSpec: { id: 2, type: "TrainerSpec" },
        normalizerSpec: { id: 3, type: "NormalizerSpec" },
      },
    },
    SentencePiece: {
      edition,
      fields: {
        piece: { id: 1, type: "string" },
        score: { id: 2, type: "float" },
        type: { id: 3, type: "int32", options: { default: 1 } },
      },
    },
    TrainerSpec: {
      edition,
      fields: {
        modelType: { id: 3, type: "int32", options: { default: 1 } },
        treatWhitespaceAsSuffix: { id: 24, type: "bool" },
        byteFallback: { id: 35, type: "bool" },
      },
    },
    NormalizerSpec: {
      edition,
      fields: {
        precompiledCharsmap: { id: 2, type: "bytes" },
        addDummyPrefix: { id: 3, type: "bool", options: { default: true } },
        removeExtraWhitespaces: { id: 4, type: "bool", options: { default: true } },
        escapeWhitespaces: { id: 5, type: "bool", options: { default: true } },
      },
    },
  },
};

const schema = protobuf.Root.fromJSON(description);

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`. */
export async function readSentencePieceModel(file: string): Promise<SentencePieceModel> {
  const bytes = await readTokenizerFile(file);
  const model = decode(file, bytes);
  const trainer = isRecord(model["trainerSpec"]) ? model["trainerSpec"] : {};
  const normalizer = isRecord(model["normalizerSpec"]) ? model["normalizerSpec"] : {};
  if (trainer["modelType"] !== bytePairEncoding) invalidTokenizer(file, "it is not a BPE model");
  if (trainer["treatWhitespaceAsSuffix"] === true) invalidTokenizer(file, "spaces as endings are not supported");
  if (normalizer["escapeWhitespaces"] === false) invalidTokenizer(file, "unescaped spaces are not supported");
  const charsmap = normalizer["precompiledCharsmap"];
  if (charsmap instanceof Uint8Array && charsmap.length > 0) invalidTokenizer(file, "it changes characters");
  return {
    pieces: readPieces(file, model["pieces"]),
    byteFallback: trainer["byteFallback"] === true,
    addDummyPrefix: normalizer["addDummyPrefix"] !== false,
    removeExtraWhitespaces: normalizer["removeExtraWhitespaces"] !== false,
  };
}

function decode(file: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const type = schema.lookupType("ModelProto");
  try {
    return type.toObject(type.decode(bytes), { defaults: true });
  } catch (thrown) {
    return invalidTokenizer(file, "it is not a SentencePiece model, or damaged", thrown);
  }
}

function readPieces(file: string, value: unknown): Piece[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.length === 0 || list.length > vocabularyLimit) invalidTokenizer(file, `it has ${list.length} pieces`);
  return list.map((entry): Piece => {
    const { piece, score, type: code } = isRecord(entry) ? entry : {};
    const type = typeof code === "number" ? pieceTypes[code - 1] : undefined;
    if (typeof piece !== "string" || piece === "" || typeof score !== "number" || Number.isNaN(score)) {
      return invalidTokenizer(file, "a piece has no text or no score");
    }
    // Encoding with unused pieces takes merges apart again, which published models of this kind do not need.
    if (type === undefined || type === "unused")
      return invalidTokenizer(file, `a piece is of the type ${String(code)}`);
    return { text: piece, score, type };
  });
}
