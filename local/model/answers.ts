/**
 * The scripted model's hand-written answers, for the questions people try first, and the line that says what it is.
 * Pure: the same prompt always gives the same text.
 */
import { type Language, languageOf, templateAnswer } from "./template.ts";

interface WrittenAnswer {
  /** Tested against the prompt in lower case without accents. */
  matches: RegExp;
  language: Language;
  text: string;
}

const DISCLOSURE: Record<Language, string> = {
  en: "*Scripted model: this text was prepared in advance. No LLM was asked.*",
  fr: "*Modèle scripté : ce texte était préparé d’avance. Aucun LLM n’a été interrogé.*",
};

const INTELLIGENCE_FR = `## L’intelligence artificielle 🧠

L’intelligence artificielle (IA) regroupe les techniques qui permettent à une machine d’accomplir des tâches que l’on associe d’ordinaire à l’esprit humain : **reconnaître**, **prévoir**, **traduire**, **converser**.

### Trois idées pour commencer

1. **Apprendre par l’exemple.** Au lieu d’écrire une règle pour chaque cas, on montre des milliers d’exemples et la machine ajuste ses propres paramètres.
2. **Généraliser.** Un bon modèle répond juste sur ce qu’il n’a jamais vu. Celui qui récite seulement ses exemples *surapprend*.
3. **Mesurer.** Sans données de test gardées à part, impossible de savoir si le modèle a compris ou s’il a triché.

### Les grandes familles

| Famille | Ce qu’elle fait | Exemple |
| --- | --- | --- |
| Apprentissage supervisé | Prédire une étiquette connue | Détecter un courriel indésirable |
| Apprentissage non supervisé | Trouver des structures | Regrouper des clients |
| Apprentissage par renforcement | Agir pour gagner des points | Jouer au go 围棋 |
| Modèles de langage | Prédire la suite d’un texte | Rédiger, résumer, coder |

### L’essentiel en dix lignes

Voici l’apprentissage réduit à l’os : on part d’une pente fausse, on mesure l’erreur, on corrige un peu, on recommence.

\`\`\`python
exemples = [(1, 2), (2, 4), (3, 6)]   # y = 2x, mais la machine l'ignore
pente = 0.0

for _ in range(100):
    for x, y in exemples:
        erreur = pente * x - y
        pente -= 0.05 * erreur * x

print(round(pente, 3))                # 2.0 🎉
\`\`\`

### Ce qu’elle ne fait pas

- Elle ne *comprend* pas au sens où nous l’entendons : elle calcule des probabilités.
- Elle se trompe parfois avec aplomb ; vérifiez ce qui compte.
- Elle hérite des biais de ses données.

> En une phrase : l’IA, c’est l’art de transformer des exemples en comportement. Au Japon on dit 人工知能, en Corée 인공지능, et partout la même question demeure : *à quoi voulons-nous l’employer ?*`;

const INTELLIGENCE_EN = `## Artificial intelligence 🧠

Artificial intelligence (AI) is the craft of making machines do what we usually call the work of a mind: **recognise**, **predict**, **translate**, **converse**.

### Three ideas to start with

1. **Learning from examples.** Nobody writes a rule for every case; the machine adjusts its own parameters until its answers fit.
2. **Generalising.** A good model is right about what it has never seen. One that recites its examples *overfits*.
3. **Measuring.** Without test data kept apart, nobody can tell understanding from memory.

### The families

| Family | What it does | Example |
| --- | --- | --- |
| Supervised learning | Predicts a known label | Spotting spam |
| Unsupervised learning | Finds structure | Grouping customers |
| Reinforcement learning | Acts to win points | Playing Go 围棋 |
| Language models | Predict how a text goes on | Writing, summing up, coding |

### Learning, reduced to its bones

\`\`\`python
examples = [(1, 2), (2, 4), (3, 6)]   # y = 2x, but the machine doesn't know
slope = 0.0

for _ in range(100):
    for x, y in examples:
        error = slope * x - y
        slope -= 0.05 * error * x

print(round(slope, 3))                # 2.0 🎉
\`\`\`

### What it does not do

- It does not *understand* as we do: it computes likelihoods.
- It is sometimes wrong with great confidence; check what matters.
- It inherits the bias of its data.

> In one sentence: AI turns examples into behaviour. What it is for is up to us.`;

const DURABLE_OBJECT = `## How a Durable Object keeps state

A Durable Object is a small server with **one identity, one thread and its own disk**. Wherever in the world a request comes from, the same id leads to the same object.

### The three places state can live

| Where | Survives | Use it for |
| --- | --- | --- |
| A field in memory | until the object is evicted | caches, open connections |
| Its SQLite database | restarts, crashes, moves | everything you promised |
| An attachment on a hibernating WebSocket | the nap of its object | who this socket belongs to |

### What happens on a write

1. Your code calls \`sql.exec(…)\`; it returns at once.
2. The platform closes an **output gate**: no reply leaves the object yet.
3. The write is confirmed on disk.
4. The gate opens and the reply goes out. 🚪

So nobody can see an answer that a crash could still undo.

\`\`\`ts
export class Counter extends DurableObject {
  increment(): number {
    const row = this.ctx.storage.sql
      .exec<{ value: number }>("UPDATE counter SET value = value + 1 RETURNING value")
      .one();
    return row.value; // held back until it is stored
  }
}
\`\`\`

### Worth remembering

- **One thread** means no locks: two requests never interleave between your \`await\`s on storage.
- **Eviction is normal.** Treat memory as a cache and the database as the truth.
- **An alarm** wakes the object even when nobody asks, at least once. ⏰
- Each row written is billed; write in batches.

> Rule of thumb: if you have told someone about it, it must be in SQLite.`;

const HAIKU = `### 川 · River

Snow lets go its hold;
one thread of light finds a way –
the sea says its name. 🌊

| Line | Syllables |
| --- | ---: |
| Snow lets go its hold | 5 |
| one thread of light finds a way | 7 |
| the sea says its name | 5 |`;

const SSE_OR_WEBSOCKET = `## SSE or WebSocket?

Both keep a connection open so that a server can speak first. They differ in *direction*, in *framing* and in what you get for free.

| | Server-Sent Events | WebSocket |
| --- | --- | --- |
| Direction | server → client | both ways |
| Runs on | plain HTTP | an upgraded connection |
| Data | UTF-8 text | text and binary |
| Reconnects | by itself, with \`Last-Event-ID\` | you write it |
| Through proxies | like any response | needs the upgrade |
| Try it with | \`curl -N\` | a special client |

### On the wire

\`\`\`text
id: 0000000000a4
event: commit
data: {"run":"3","through":27}

\`\`\`

An SSE event is three lines and a blank one. A browser that loses the connection comes back with the last \`id\` it saw, and the server goes on from there.

### How to choose

1. **A stream of tokens, logs or prices?** SSE: less code, and it resumes by itself. ✅
2. **Typing indicators, games, several tabs in step?** WebSocket. 🎮
3. **Thousands of idle viewers?** A WebSocket that can *hibernate* costs nothing while it sleeps. 😴

### Two traps

- Browsers allow six connections to a host over HTTP/1.1; every open SSE stream takes one. HTTP/2 lifts this.
- Neither of them loses nothing *by itself*: only a log with offsets does. Keep what you have sent until you know it arrived.

> Short version: SSE to **tell**, WebSocket to **talk**.`;

const ANSWERS: readonly WrittenAnswer[] = [
  { matches: /intelligence artificielle|\bl.?ia\b/, language: "fr", text: INTELLIGENCE_FR },
  { matches: /artificial intelligence|\bwhat is ai\b/, language: "en", text: INTELLIGENCE_EN },
  { matches: /durable object/, language: "en", text: DURABLE_OBJECT },
  { matches: /haiku.*river|river.*haiku/s, language: "en", text: HAIKU },
  {
    matches: /(?:\bsse\b|server.sent).*websocket|websocket.*(?:\bsse\b|server.sent)/s,
    language: "en",
    text: SSE_OR_WEBSOCKET,
  },
];

/** The complete answer to a prompt: written by hand where there is one, else by template; its last line says that it is scripted. */
export function answerTo(prompt: string): string {
  const plain = prompt.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const language = languageOf(prompt);
  const written = ANSWERS.find((answer) => answer.language === language && answer.matches.test(plain));
  return `${written?.text ?? templateAnswer(prompt)}\n\n---\n\n${DISCLOSURE[language]}`;
}
