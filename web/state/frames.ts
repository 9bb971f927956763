// When to draw: at most once a frame, and less often while drawing is dear, so that the page always has time to
// answer the person. In a hidden page, where frames stop, a slow timer keeps the state moving.

const HIDDEN_EVERY = 250;
/** After a draw of n ms the next one waits at least this many times n. */
const REST = 2;

export interface Frames {
  request(): void;
  /** Draws now, if a draw was requested. */
  flush(): void;
  stop(): void;
}

export function makeFrames(draw: () => void, now: () => number = () => performance.now()): Frames {
  let cancel: (() => void) | null = null;
  let earliest = 0;

  function run() {
    cancel?.();
    cancel = null;
    const began = now();
    if (began < earliest && !document.hidden) return request();
    draw();
    const ended = now();
    earliest = ended + (ended - began) * REST;
  }

  function request() {
    if (cancel) return;
    if (document.hidden) {
      const timer = setTimeout(run, HIDDEN_EVERY);
      cancel = () => clearTimeout(timer);
    } else {
      const frame = requestAnimationFrame(run);
      // A page hidden between the request and its frame would wait for ever.
      const timer = setTimeout(run, HIDDEN_EVERY * 4);
      cancel = () => {
        cancelAnimationFrame(frame);
        clearTimeout(timer);
      };
    }
  }

  return {
    request,
    flush() {
      if (!cancel) return;
      cancel();
      cancel = null;
      draw();
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
