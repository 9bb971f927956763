// When to draw: at most each second frame, and less often while drawing is dear, so that the page always has time to
// answer the person. In a hidden page, where frames stop, a slow timer keeps the state moving.

const HIDDEN_EVERY = 250;
/** No reader sees text come faster than this, ms. */
const EVERY = 30;
/** After a draw of n ms the next one waits at least this many times n. */
const REST = 2;

export interface Frames {
  request(): void;
  stop(): void;
}

export function makeFrames(draw: () => void, now: () => number = () => performance.now()): Frames {
  let cancel: (() => void) | null = null;
  let earliest = 0;

  function run() {
    cancel = null;
    const began = now();
    if (began < earliest && !document.hidden) return request();
    draw();
    const ended = now();
    earliest = Math.max(began + EVERY, ended + (ended - began) * REST);
  }

  function request() {
    if (cancel) return;
    if (document.hidden) {
      const timer = setTimeout(run, HIDDEN_EVERY);
      cancel = () => clearTimeout(timer);
    } else {
      const frame = requestAnimationFrame(run);
      cancel = () => cancelAnimationFrame(frame);
    }
  }

  /** A frame asked for before the page was hidden would only come when it is seen again. */
  function rearm() {
    if (!cancel) return;
    cancel();
    cancel = null;
    request();
  }
  document.addEventListener("visibilitychange", rearm);

  return {
    request,
    stop() {
      cancel?.();
      cancel = null;
      document.removeEventListener("visibilitychange", rearm);
    },
  };
}
