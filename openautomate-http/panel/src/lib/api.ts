import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from '@/api/schema';
import { errorFrom } from './problem';
import { accessToken, refresh } from './session';

/** Signs requests, and once more with a new token if the old one is refused. POSTs that are sent twice work once. */
const signing: Middleware = {
  async onRequest({ request }) {
    const token = await accessToken();
    if (token) request.headers.set('authorization', `Bearer ${token}`);
    if (request.method === 'POST' && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', crypto.randomUUID());
    }
    return request;
  },
};

async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(request);
  if (response.status !== 401) return response;
  const token = await refresh();
  if (!token) return response;
  again.headers.set('authorization', `Bearer ${token}`);
  return fetch(again);
}

export const api = createClient<paths>({ baseUrl: typeof location === 'undefined' ? '' : location.origin, fetch: send });
api.use(signing);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What an answer holds; an `ApiError` if it is none. */
export async function got<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw errorFrom(response.status, error);
  return data as T;
}

/** Saves a file of the API on the person's disk. */
export async function download(path: string, name: string): Promise<void> {
  save(await content(path), name);
}

/** Saves what the page holds on the person's disk. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The content of a file of the API. */
export async function content(path: string, accept?: string): Promise<Blob> {
  const token = await accessToken();
  const response = await fetch(path, {
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(accept ? { accept } : {}) },
  });
  if (!response.ok) throw errorFrom(response.status, await response.json().catch(() => undefined));
  return response.blob();
}

/** Sends a file and says how far it is, from 0 to 1. */
export async function upload<T>(path: string, file: Blob, type: string, progress: (part: number) => void, method: 'POST' | 'PUT' = 'POST'): Promise<T> {
  const token = await accessToken();
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader('content-type', type);
    request.setRequestHeader('idempotency-key', crypto.randomUUID());
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () => reject(new TypeError('the connection was lost'));
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = undefined;
      }
      if (request.status >= 200 && request.status < 300) resolve(body as T);
      else reject(errorFrom(request.status, body));
    };
    request.send(file);
  });
}
