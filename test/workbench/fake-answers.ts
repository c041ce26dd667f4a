/** What the scripted engine says, by a word in the question. */

const plain = `The build failed in \`src/parser.ts:2\`: a **string** is returned where a *number* is declared.

\`\`\`ts
export function value(token: { text: string }): number {
  return Number(token.text); // was: token.text
}
\`\`\`

1. Convert the text, as above.
2. Or declare \`string\` as the result.

\`\`\`mermaid
graph LR
  A[Screenshot] --> B(Reading)
  B --> C{Found?}
  C -- yes --> D[Answer]
\`\`\`

| Code | Count | Share |
|------|-------|-------|
| TS2322 | 1 | $\\frac{1}{1}$ |
| others | 0 | $0$ |

$$x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$
`;

/** What an image may make a model repeat: none of it may do anything. */
const hostile = `<script>document.title='owned'</script><img src=x onerror="document.title='owned'">
![pixel](https://remote.invalid/pixel.png) <iframe src="https://remote.invalid/"></iframe>

[quit](command:workbench.action.quit) [run](javascript:document.title='owned') [page](data:text/html,<script>1</script>)
[outside](../../etc/passwd) [file](file:///etc/passwd) [bank](https://remote.invalid/login)

<style>body{background:url(https://remote.invalid/style.png)}</style>

$\\href{javascript:alert(1)}{x}$ $\\includegraphics{https://remote.invalid/math.png}$

\`\`\`mermaid
%%{init: {"securityLevel": "loose", "themeCSS": "* { background: url(https://remote.invalid/theme.png) }"}}%%
graph TD
  A["<img src=x onerror=document.title='owned'>"] --> B
  click A "javascript:document.title='owned'"
  style B fill:url(https://remote.invalid/fill.png)
\`\`\`

END`;

/** As the starter answers: first what it sees, then the text that was read, quoted. */
const quoting = `A terminal with the output of a failed build.

The text in the image:

\`\`\`text
${Array.from({ length: 60 }, (_, line) => `${line + 1}  src/module-${line}.ts:${line * 3 + 1}:10 - error TS2322: Type 'string' is not assignable to type 'number'.`).join("\n")}
\`\`\`

The first error is the cause; the others follow from it.`;

export function answerTo(question: string): string {
  if (question.includes("hostile")) return hostile;
  if (question.includes("slow")) return "A sentence of six words follows. ".repeat(400);
  if (question.includes("quote")) return quoting;
  if (question.includes("repeat")) return `A form with fields. ${"The field is empty. ".repeat(6)}`;
  if (question.includes("alt text")) return "Browser, gateway, accounts and orders as boxes";
  return plain;
}
