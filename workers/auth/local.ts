// Whether a request was made on this machine. A deployment is never reached by such a name, and a page that a browser
// was lured to from elsewhere never has one.

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export const isLocal = (url: string): boolean => LOOPBACK.test(new URL(url).hostname);
