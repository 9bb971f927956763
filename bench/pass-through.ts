// The baseline: a Worker that does nothing but pass a provider's stream on. Its bytes are piped by the platform and
// never enter JavaScript, so nothing that reads them can be cheaper.
interface Environment {
  MODEL_URL: string;
}

export default {
  fetch(request: Request, env: Environment): Promise<Response> {
    const { pathname } = new URL(request.url);
    return fetch(env.MODEL_URL + pathname, request);
  },
};
