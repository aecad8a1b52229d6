/** A small colouring of snippets: keywords, text, numbers, calls, comments. Pure; the pieces become text nodes. */
export type Language = "python" | "javascript" | "curl" | "text";
export interface Piece {
  kind: "k" | "s" | "n" | "f" | "c" | "";
  text: string;
}

const STRING = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`;
const NUMBER = String.raw`\b\d[\d_]*(?:\.\d+)?\b`;
const CALL = String.raw`\b[A-Za-z_]\w*(?=\()`;

const RULES: Record<Exclude<Language, "text">, RegExp> = {
  python: rules("#.*", String.raw`\b(?:from|import|for|in|if|else|with|as|not|and|or|return|def|None|True|False|print)\b`),
  javascript: rules("//.*", String.raw`\b(?:import|from|const|let|await|async|new|return|if|else|for|of|null|true|false)\b`),
  curl: rules("#.*", String.raw`(?<=^|\s)(?:curl|-{1,2}[A-Za-z][\w-]*)(?=\s|$)`),
};

function rules(comment: string, keyword: string): RegExp {
  return new RegExp(`(?<s>${STRING})|(?<c>${comment})|(?<k>${keyword})|(?<f>${CALL})|(?<n>${NUMBER})`, "gm");
}

export function highlight(code: string, language: Language): Piece[] {
  if (language === "text") return [{ kind: "", text: code }];
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of code.matchAll(RULES[language])) {
    if (found.index > at) pieces.push({ kind: "", text: code.slice(at, found.index) });
    const kind = (["s", "c", "k", "f", "n"] as const).find((name) => found.groups?.[name] !== undefined) ?? "";
    pieces.push({ kind, text: found[0] });
    at = found.index + found[0].length;
  }
  if (at < code.length) pieces.push({ kind: "", text: code.slice(at) });
  return pieces;
}
