/** What the commands ask: the wording for people, and the wording that the starter model was trained on. */
export type TaskName =
  | "explain"
  | "alt-text"
  | "one-sentence"
  | "diagram-to-mermaid"
  | "chart-to-table"
  | "screenshot-to-html"
  | "error"
  | "change";

interface Task {
  /** Shown in VS Code's language, and asked of models that know more than one. */
  readonly text: string;
  /** The starter knows English only, and these words best (training/generator/phrasing.py). */
  readonly starter: string;
}

export const tasks: Readonly<Record<TaskName, Task>> = {
  explain: { text: "Explain this image.", starter: "Explain this image." },
  "alt-text": {
    text: "Describe this image in one short sentence, as alternative text.",
    starter: "Write one line of alt text for this image.",
  },
  "one-sentence": {
    text: "Describe this image in one sentence.",
    starter: "Describe this image in one short sentence.",
  },
  "diagram-to-mermaid": {
    text: "Write this diagram as Mermaid, in one mermaid code block.",
    starter: "Convert this diagram to Mermaid.",
  },
  "chart-to-table": {
    text: "Write the data of this chart as a Markdown table.",
    starter: "Turn the chart into a Markdown table.",
  },
  "screenshot-to-html": {
    text: "Write this screenshot as one HTML page, in one html code block.",
    starter: "Turn this UI into HTML.",
  },
  error: {
    text: "Explain the error in this screenshot: its cause, how to fix it, and the file and line.",
    starter: "What is the error and how do I fix it?",
  },
  change: {
    text: "The first image is before, the second after. What has changed?",
    starter: "The first image is before, the second after. What has changed?",
  },
};
