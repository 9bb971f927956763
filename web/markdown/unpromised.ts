// The tail that is shown but not promised yet, drawn a shade lighter by the browser's own highlights: no element is
// added to the text. A browser without them shows the tail as any other text; the keep line tells it still.

const highlight = "highlights" in CSS ? new Highlight() : null;
if (highlight) CSS.highlights.set("unpromised", highlight);

export interface Unpromised {
  mark(range: AbstractRange | null): void;
}

/** One answer's mark. */
export function makeUnpromised(): Unpromised {
  let current: AbstractRange | null = null;
  return {
    mark(range) {
      if (current) highlight?.delete(current);
      current = range;
      if (range) highlight?.add(range);
    },
  };
}
