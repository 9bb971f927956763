// An answer with everything Markdown can be.
import { Markdown } from "../../markdown/markdown.tsx";

const SAMPLE = `# A heading

A paragraph with **strong**, *soft*, ~~gone~~, \`code\`, a [link](https://example.org), an inline formula $e^{i\\pi} + 1 = 0$ and $5 to $10.

$$
\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}
$$

A sum \\(\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}\\), and one that cannot be read: $\\frac{$.

- one
- two
  - deeper
- [x] done
- [ ] to do

1. first
2. second

> A quote of some length, to see how it stands.

| river | length | where |
| :-- | --: | :-: |
| Nile | 6,650 km | Africa |
| Loire | 1,006 km | Europe |

\`\`\`python
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit(X, y)  # learn
\`\`\`

النهر مجرى مائي طبيعي واسع ذو ضفتين.

---

The end.`;

export const MarkdownSamples = () => <Markdown text={SAMPLE} done />;
