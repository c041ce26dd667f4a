/**
 * Tells whether a question of the chat asks for a picture, in English, Chinese or Japanese.
 *
 * The model decides only how the picture looks: small ones cannot be relied on to notice that one is wanted. What is
 * not recognised is answered in words, and nothing is lost.
 */
import type { StyleName } from "../../shared/illustration-protocol";

export interface DrawingRequest {
  /** What to show, without the words that merely ask for a picture; "" where only the style changes. */
  readonly subject: string;
  readonly style: StyleName | undefined;
  /** Whether the last picture is to be changed: its seed and prompt are kept. */
  readonly change: boolean;
}

/** Drawn as text by the language model itself, or no picture at all. */
const otherwise =
  /\b(mermaid|plantuml|graphviz|ascii|svg|html|css|markdown|tables?|canvas|code|conclusions?|inferences?|parallels?|comparisons?|attention|distinctions?)\b|画面|画質|画质|表格|代码|结论|コード|表に|結論/i;

const picture =
  "(?:picture|image|illustration|icon|logo|drawing|sketch|painting|banner|emoji|sticker|artwork|avatar|wallpaper|doodle|line art|clip ?art)";
/** An "image description" is no image. */
const compound =
  "(?! (?:descriptions?|captions?|tags?|elements?|urls?|paths?|files?|formats?|sizes?|components?|viewers?|buttons?|fonts?|loaders?|classifiers?|sets?|galler(?:y|ies)|uploads?)\\b)";

const adjectives = "(?:(?!of |for |from |in |on |to |about |with |the )[\\w-]+ ){0,3}?";

const polite =
  "(?:(?:please|now|then|ok(?:ay)?|and|so|hey|can you|could you|would you|will you|i(?:'d| would) like you to|i want you to|let's|try to|just)[, ]+)*";

/** "draw a rocket", "sketch this". */
const draws = new RegExp(
  `^${polite}(?:re)?(?:draw|paint|sketch|illustrate|doodle)\\b(?! (?:on|from|out)\\b)(?: (?:me|us))?[: ]*`,
  "i",
);
/** "make me an icon of a rocket", "I want a small picture showing owls". */
const makes = new RegExp(
  `^${polite}(?:(?:make|create|generate|design|render|produce|give|show|get|i want|i need|i(?:'d| would) like)(?: (?:me|us))?) (?:an?|some|another|one|my|our|new) ${adjectives}${picture}s?\\b${compound}`,
  "i",
);
/** "turn this screenshot into a line drawing". */
const turns = new RegExp(
  `^${polite}(?:turn|convert|transform|make|redo|render) (?:this|that|it|these|the \\w+|my \\w+)(?: \\w+)? (?:(?:in)?to|as) (?:an? |the )?${adjectives}${picture}\\b${compound}`,
  "i",
);

const drawsChinese =
  /^(?:请|麻烦|帮我|给我|能不能|能|可以|再|现在|那就|把[^，。]{0,20}|为[^，。]{1,20})*(?:画|绘制|绘)(?:出|下|成|一下)?/;
const makesChinese =
  /^(?:请|麻烦|帮我|给我|能不能|能|可以|再|现在|我想要|我要|为[^，。]{1,20})*(?:生成|制作|设计|创建|创作|做|来|要)[^，。]{0,24}?(?:图标|图片|图像|插图|插画|横幅|标志|徽标|头像|logo)/i;
const drawsJapanese = /(?:描いて|描画して|かいて|描き直して|描け)/;
const makesJapanese =
  /(?:アイコン|画像|イラスト|絵|バナー|ロゴ|線画|スケッチ)(?:を|が)?[^。、]{0,10}(?:作って|つくって|作成して|生成して|ください|ほしい|欲しい)/;

/** Only right after a picture: what else would "now as an icon" mean? */
const changes = new RegExp(
  [
    `^(?:(?:once )?again|another(?: one)?|one more(?: time)?)[.!]?$`,
    `^${polite}(?:an? )?(?:isometric|flat|line (?:art|drawing)|icon|banner)\\b`,
    `^(?:the )?same(?: again| one| picture| thing)?\\b`,
    `^${polite}(?:but|instead|rather)\\b`,
    `^${polite}(?:the same |it |that |this )?(?:as|in|into|with|without)\\b`,
    `^${polite}(?:make|turn|redo|render|show|do) (?:it|that|this|the \\w+)\\b(?! (?:screenshot|photo|diagram|chart|page|design|attachment)\\b)`,
    `^${polite}(?:add|remove|replace|change|recolor|recolour)\\b`,
    `^(?:一样的?|同样的?|还是|再来一张|再来一个|但|不过|改成|改为|换成|换|变成|加上|加|去掉|不要|现在|这次)`,
    `^(?:同じ|もう一度|もう一枚|今度は|次は|でも|ただし|じゃあ)|(?:にして|に変えて|を追加して|を消して|を取って)`,
  ].join("|"),
  "i",
);
/** Words about the last picture, not for a new one. */
const asksWords =
  /\b(?:explain|describe|what|why|how|who|where|when|which|read|write|summari[sz]e|translate|tell)\b|解释|描述|说明|什么|为什么|怎么|翻译|説明|何|なぜ|どう|翻訳|[?？]$/i;

const styles: readonly (readonly [StyleName, RegExp])[] = [
  [
    "isometric",
    /(?:\b(?:in|as) )?(?:an? )?\bisometric(?: style| view| illustration)?\b|等距|等轴|アイソメ(?:トリック)?/i,
  ],
  [
    "line",
    /\b(?:in|as|into|to) (?:an? )?line[- ]?(?:art|drawing|style)\b|\bline[- ]?(?:art|drawing)\b|线条|线稿|線画|ラインアート/i,
  ],
  ["banner", /\b(?:in|as|into) (?:an? )?(?:wide )?banner\b|横幅|バナー/i],
  ["icon", /\b(?:in|as|into) (?:an? )?(?:small |simple )?icon\b|图标|アイコン/i],
  [
    "flat",
    /\b(?:in|as) (?:an? )?flat(?: (?:style|design|illustration))?\b|\bflat (?:style|design|illustration)\b|扁平|フラット/i,
  ],
];
/** A picture of that kind is asked for, and its name is part of the subject: "an icon of a rocket". */
const kinds: readonly (readonly [StyleName, RegExp])[] = [
  ["icon", /\bicons?\b/i],
  ["banner", /\bbanner\b/i],
  ["line", /\bline (?:art|drawing|icon)\b/i],
  ["flat", /\bflat\b/i],
];

/**
 * @param afterPicture Whether the last answer was a picture.
 * @returns undefined where words are asked for.
 */
export function drawingRequest(question: string, afterPicture: boolean): DrawingRequest | undefined {
  const text = question.replace(/\s+/g, " ").trim();
  if (text === "" || text.length > 2000) return undefined;
  const asks = [draws, makes, turns, drawsChinese, makesChinese, drawsJapanese, makesJapanese];
  const fresh = asks.some((pattern) => pattern.test(text)) && !otherwise.test(text);
  const change = afterPicture && changes.test(text) && !asksWords.test(text);
  if (!fresh && !change) return undefined;
  // "Make it an icon" names the picture before; "draw an owl as an icon" names its own.
  const again = change && !(draws.test(text) || makes.test(text) || drawsChinese.test(text));
  const style = [...styles, ...(fresh || change ? kinds : [])].find(([, pattern]) => pattern.test(text))?.[0];
  const bare = text.replace(/[?？!！。.\s]+$/, "");
  return { subject: again ? changeOf(bare) : subjectOf(bare), style, change: again };
}

/** The model is to be asked where words point at what was said or shown. */
export const pointsElsewhere = (subject: string): boolean =>
  subject === "" ||
  /^(?:this|that|it|these|those|them|the (?:above|same|image|picture|screenshot|photo|diagram|chart))\b/i.test(
    subject,
  ) ||
  /^(?:这|那|它|此|上面|これ|それ|この|その|上の)/.test(subject);

function subjectOf(text: string): string {
  const opening = new RegExp(
    `^(?:an?|the|some) (?:[\\w-]+ ){0,2}?(?:picture|image|illustration|drawing|sketch|painting) (?:of|showing|with|that shows|for) `,
    "i",
  );
  const making = new RegExp(
    `^${polite}(?:make|create|generate|design|render|produce|give|show|get|i want|i need|i(?:'d| would) like)(?: (?:me|us))? `,
    "i",
  );
  const turning = new RegExp(`^${polite}(?:turn|convert|transform|redo|render) `, "i");
  const chinese = text
    .replace(drawsChinese, "")
    .replace(/^(?:请|麻烦|帮我|给我|能不能|能|可以|再|现在|我想要|我要)*(?:生成|制作|设计|创建|创作|做|来|要)/, "")
    .replace(/^(?:一|两|几)?(?:张|个|幅|只|条|些|下)/, "");
  const japanese = chinese.replace(
    /(?:の)?(?:絵|イラスト|画像)?を?(?:描いて|描画して|かいて|描き直して|作って|つくって|作成して|生成して)(?:ください|下さい|くれ|ほしい)?[。！!]*$/,
    "",
  );
  const stripped = japanese.replace(draws, "").replace(turning, "").replace(making, "").replace(opening, "");
  return tidy(withoutStyle(stripped));
}

function changeOf(text: string): string {
  const stripped = text
    .replace(/^(?:the )?same(?: again| one| picture| thing)?\b[,.… ]*/i, "")
    .replace(new RegExp(`^${polite}`, "i"), "")
    .replace(/^(?:but|instead|rather)\b[,… ]*/i, "")
    .replace(/^(?:make|turn|redo|render|show|do) (?:it|that|this|the picture|the image)(?: into)?\b ?/i, "")
    .replace(
      /^(?:一样的?|同样的?|还是|再来一张|再来一个|现在|这次)?[，, ]*(?:但是?|不过)?[，, ]*(?:把?它)?(?:改成|改为|换成|变成|画成)?/,
      "",
    )
    .replace(/^(?:同じ(?:もの)?(?:で|を)?|もう一度|もう一枚|今度は|次は)?[、, ]*(?:でも|ただし|じゃあ)?[、, ]*/, "")
    .replace(/に(?:して|変えて)(?:ください|下さい)?[。！!]*$/, "");
  const change = tidy(withoutStyle(stripped));
  const kindOnly = /^(?:an? |the )?(?:[\w-]+ )?(?:icon|banner|line (?:art|drawing)|flat|isometric)$/i.test(change);
  return kindOnly || justAgain.test(change) ? "" : change;
}

const justAgain = /^(?:(?:once )?again|another(?: one)?|one more(?: time)?)$/i;

function withoutStyle(text: string): string {
  const phrase = styles.map(([, pattern]) => pattern).find((pattern) => pattern.test(text));
  if (phrase === undefined) return text;
  const rest = text.replace(phrase, " ");
  // "icon" of "an icon in red" is all there is: the style says it.
  return /[\p{L}\p{N}]/u.test(rest.replace(/\b(?:an?|the|as|in|into|style)\b|[的风格スタイルに、，]/gi, ""))
    ? rest
    : "";
}

const tidy = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/\s+([,.;])/g, "$1")
    .replace(/^[\s,.:;…，。、]+|[\s,:;…，。、]+$/gu, "")
    .replace(/ (?:please|for me)$|[の的]$/i, "");
