// Text that is easy to get wrong: several bytes a character, characters of two code units, marks that join what is
// before them, line ends, quotes. Two texts hardly ever begin alike, so words of one are never mistaken for another's.
import type { Random } from "./random.ts";

const ALPHABETS = [
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-",
  "àâçéèêëîïôùûüÿœæßñøåłşğıžšč’«»…—",
  "漢字仮名交文章中日韓統一表意文字的是不了人我在有他这为",
  "अआइईउऊएऐओऔकखगघङचछजझञािीुूेैोौ्ंः",
  "ابتثجحخدذرزسشصضطظعغفقكلمنهويًٌٍَُِّْ",
  "😀😂🤖👩‍💻👨‍👩‍👧🇫🇷🇯🇵🏳️‍🌈𝕏𠮷𝒜🜁🫠",
  '\n\n```*_#`"\\/\t<>&{}[]:;\r\u2028\u0000\u200d\ufeff',
].map((alphabet) => Array.from(alphabet));

/** The pieces a model makes, `count` of them, of `longest` characters at most. No character is split between two. */
export function makePieces(random: Random, count: number, longest: number): string[] {
  const pieces: string[] = [];
  for (let i = 0; i < count; i++) {
    const alphabet = random.pick(ALPHABETS);
    let piece = "";
    for (let left = random.between(1, longest); left > 0; left--) piece += random.pick(alphabet);
    pieces.push(piece);
  }
  return pieces;
}
