/** File names with lines in the output of compilers, test runners and stack traces, as read from a screenshot. */
export interface Place {
  /** As written, with forward slashes. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Begins where no path could have begun before: without that, the time of a search would grow with the square. */
const file = String.raw`(?<![\w@.+\-/\\])((?:\b[a-z]:(?!//))?[\w@.+\-/\\]*[\w@+\-]\.[a-z]\w{0,9})`;
const forms = [
  // Python: File "src/a.py", line 12
  new RegExp(String.raw`file\s*["“]([^"”\n]{1,300})["”],\s*line\s*(\d{1,7})`, "gi"),
  // PHP: in src/a.php on line 12
  new RegExp(String.raw`${file} on line (\d{1,7})`, "gi"),
  // tsc, MSBuild: src/a.ts(12,5)
  new RegExp(String.raw`${file}\((\d{1,7})(?:,\d{1,7})?\)`, "gi"),
  // Nearly everything else: src/a.ts:12:5. A space may have been read after the colon.
  new RegExp(String.raw`${file}: ?(\d{1,7})\b`, "gi"),
];

const longestLine = 400;
const mostLines = 2_000;

/** Every place once, in the order of the text. */
export function findPlaces(text: string): readonly Place[] {
  const places = new Map<string, Place>();
  for (const row of text.split("\n").slice(0, mostLines)) {
    const searched = row.slice(0, longestLine);
    const found = forms.flatMap((form) => [...searched.matchAll(form)]).sort((a, b) => a.index - b.index);
    for (const [, path = "", line = ""] of found) {
      const place = { path: path.replaceAll("\\", "/"), line: Number(line) };
      // What begins with two slashes is a web address.
      if (place.line > 0 && !place.path.startsWith("//")) places.set(`${place.path}:${place.line}`, place);
    }
  }
  return [...places.values()];
}

/** How many path components two paths end with in common. */
export function commonEnd(a: string, b: string): number {
  const [one, other] = [a.split("/").reverse(), b.split("/").reverse()];
  const differs = one.findIndex((name, index) => name !== other[index]);
  return differs === -1 ? one.length : differs;
}
