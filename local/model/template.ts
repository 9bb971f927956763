/**
 * Answers by template, for prompts nobody wrote an answer to: honest about being a script, made from facts that a script
 * can know (the prompt itself), and using all the Markdown that an answer may bring. Pure functions.
 */
export type Language = "fr" | "en";

const FRENCH =
  /\b(?:le|la|les|des|une?|est|que|quoi|quel(?:le)?s?|comment|pourquoi|explique|bonjour|merci|avec|dans|pour|sur|du|et|je|tu|nous|vous)\b/giu;
const ENGLISH =
  /\b(?:the|an?|is|are|what|which|how|why|does|do|explain|write|hello|thanks|with|in|for|on|of|and|you|we|me)\b/giu;

/** French when French words (or accents) outweigh English ones, else English. */
export function languageOf(prompt: string): Language {
  const french =
    (prompt.match(FRENCH)?.length ?? 0) + (/[àâçéèêëîïôûùœ]|\b[cdjlmnst]['’]|qu['’]/iu.test(prompt) ? 1 : 0);
  return french > (prompt.match(ENGLISH)?.length ?? 0) ? "fr" : "en";
}

/** The prompt's first line as a heading: Markdown signs removed, at most 60 code points, first letter raised. */
export function topicOf(prompt: string): string {
  const line = (prompt.split("\n").find((part) => part.trim() !== "") ?? "").replace(/[#*_`|<>[\]\\~]/g, "").trim();
  const points = [...line.replace(/[\s?!.:;,]+$/u, "")];
  const short = points.length > 60 ? `${points.slice(0, 59).join("")}…` : points.join("");
  return short === "" ? "…" : short[0]?.toLocaleUpperCase() + short.slice(1);
}

interface Facts {
  topic: string;
  characters: number;
  words: number;
  bytes: number;
  longest: string;
}

function factsOf(prompt: string): Facts {
  const words = prompt.match(/[\p{L}\p{N}\p{M}’']+/gu) ?? [];
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), "–").slice(0, 40);
  return {
    topic: topicOf(prompt),
    characters: [...prompt].length,
    words: words.length,
    bytes: new TextEncoder().encode(prompt).length,
    longest,
  };
}

const REDUCER =
  "```ts\n// The whole client: a piece of text says where it goes.\ntext = text.slice(0, delta.at) + delta.text;\n```";

function english({ topic, characters, words, bytes, longest }: Facts): string {
  return `## ${topic} ✨

I am a **scripted model**, so I hold no opinion on this. What I can do is stream a real answer through every part of Keepstream, and count.

### What I know about your question

| Measure | Value |
| --- | ---: |
| Characters | ${characters} |
| Words | ${words} |
| Bytes in UTF-8 | ${bytes} |
| Longest word | ${longest} |

### How these words reach you

1. **Sent**: the model writes one small piece at a time.
2. **Shown**: each piece appears the moment it arrives.
3. **Kept**: the log stores it and promises it with an offset.
4. **Resumed**: come back later, on another device, and it goes on.

${REDUCER}

> Try it now: reload the page while I write. Nothing is lost, nothing comes twice.

A few characters that must survive the trip: *L’intelligence artificielle* 🧠 · 人工知能 · 인공지능 · ελληνικά · 👩‍💻 · 🇫🇷 · naïve café.

- [x] Markdown, tables and code
- [x] Emoji and multi-byte text
- [ ] Real knowledge: choose a real model for that 🙂`;
}

function french({ topic, characters, words, bytes, longest }: Facts): string {
  return `## ${topic} ✨

Je suis un **modèle scripté** : je n’ai pas d’avis sur la question. Je sais en revanche diffuser une vraie réponse à travers tout Keepstream, et compter.

### Ce que je sais de votre question

| Mesure | Valeur |
| --- | ---: |
| Caractères | ${characters} |
| Mots | ${words} |
| Octets en UTF-8 | ${bytes} |
| Mot le plus long | ${longest} |

### Comment ces mots arrivent jusqu’à vous

1. **Envoyés** : le modèle écrit un petit morceau à la fois.
2. **Affichés** : chaque morceau paraît dès qu’il arrive.
3. **Gardés** : le journal les enregistre et les promet par une position.
4. **Repris** : revenez plus tard, sur un autre appareil, la réponse continue.

${REDUCER}

> Essayez : rechargez la page pendant que j’écris. Rien ne se perd, rien n’arrive deux fois.

Quelques caractères qui doivent survivre au voyage : *L’intelligence artificielle* 🧠 · 人工知能 · 인공지능 · ελληνικά · 👩‍💻 · 🇫🇷 · cœur, Noël, où.

- [x] Markdown, tableaux et code
- [x] Emoji et texte multi-octets
- [ ] De vraies connaissances : choisissez pour cela un vrai modèle 🙂`;
}

/** The template answer, without the closing line that names the script. */
export function templateAnswer(prompt: string): string {
  const facts = factsOf(prompt);
  return languageOf(prompt) === "fr" ? french(facts) : english(facts);
}

/** Numbered Markdown sections of mixed kinds, at least `length` UTF-16 code units. */
export function longMarkdown(prompt: string, length: number): string {
  const topic = topicOf(prompt);
  const parts: string[] = [`# ${topic}`];
  let size = topic.length;
  for (let n = 1; size < length; n++) {
    const part = section(n, topic);
    parts.push(part);
    size += part.length + 2;
  }
  return parts.join("\n\n");
}

function section(n: number, topic: string): string {
  const heading = `## ${n}. ${topic}, part ${n} 🌊`;
  switch (n % 4) {
    case 0:
      return `${heading}\n\n| Step | Value | Note |\n| --- | ---: | --- |\n| ${n}.1 | ${n * 7} | café |\n| ${n}.2 | ${n * 11} | 人工知能 |\n| ${n}.3 | ${n * 13} | **bold** |`;
    case 1:
      return `${heading}\n\nParagraph ${n} runs on for a while, with *emphasis*, a \`code span\`, a [link](https://example.com/${n}) and some multi-byte text: l’été, 東京, 🧠. It ends where section ${n} ends.`;
    case 2:
      return `${heading}\n\n- item ${n}a, short\n- item ${n}b, with **weight**\n  - nested ${n}c 🙂\n- item ${n}d, \`code\`\n\n1. first of ${n}\n2. second of ${n}`;
    default:
      return `${heading}\n\n\`\`\`ts\nexport function part${n}(input: string): number {\n  // é, 語 and 🧠 are one, one and two code units\n  return [...input].length + ${n};\n}\n\`\`\`\n\n> Quote ${n}: what is promised is never taken back.`;
  }
}
