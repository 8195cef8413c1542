import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small identity provider (OpenID Connect, authorization code with PKCE) that signs in whoever it is told to, at once. */

export const CLIENT = 'openautomate';
export const SECRET = 'a secret of the client: with signs & all';

/** How the secret goes into the header: as in a form, every sign encoded. */
const formEncoded = (text: string) => new URLSearchParams({ text }).toString().slice('text='.length);
const BASIC = `Basic ${Buffer.from(`${formEncoded(CLIENT)}:${formEncoded(SECRET)}`).toString('base64')}`;

export interface Person {
  sub: string;
  email?: string;
  email_verified?: boolean;
  preferred_username?: string;
  groups?: string[];
}

/** What a code stands for. */
interface Asked {
  nonce: string;
  challenge: string;
  redirectUri: string;
  person: Person;
}

export class Provider {
  url = '';
  /** Who sits at the provider; nobody refuses, as somebody does who goes back. */
  person: Person | undefined;
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private readonly asked = new Map<string, Asked>();
  private server: Server | undefined;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    this.server = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const server = this.server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer: this.url,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
          jwks_uri: `${this.url}/jwks`,
          response_types_supported: ['code'],
          id_token_signing_alg_values_supported: ['ES256'],
        });
      case '/jwks':
        return json(response, 200, { keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'one' }] });
      case '/authorize':
        return this.authorize(url.searchParams, response);
      case '/token':
        return this.token(request, response);
      default:
        response.writeHead(404).end();
    }
  }

  /** Sends the browser back at once, with a code or with a refusal. */
  private authorize(query: URLSearchParams, response: ServerResponse): void {
    const field = (name: string) => query.get(name) ?? '';
    const back = new URL(field('redirect_uri'));
    back.searchParams.set('state', field('state'));
    back.searchParams.set('iss', this.url);
    if (field('client_id') !== CLIENT || field('response_type') !== 'code' || field('code_challenge_method') !== 'S256') {
      back.searchParams.set('error', 'invalid_request');
    } else if (this.person) {
      const code = randomUUID();
      this.asked.set(code, { nonce: field('nonce'), challenge: field('code_challenge'), redirectUri: field('redirect_uri'), person: this.person });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'the person went away');
    }
    response.writeHead(302, { location: back.href }).end();
  }

  /** Trades a code for a token that says who it is. */
  private async token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const form = new URLSearchParams(Buffer.concat(pieces).toString());
    const asked = this.asked.get(form.get('code') ?? '');
    this.asked.delete(form.get('code') ?? '');
    const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const isRight = asked && proof === asked.challenge && form.get('redirect_uri') === asked.redirectUri && form.get('grant_type') === 'authorization_code';
    if (!isRight || request.headers.authorization !== BASIC) return json(response, 400, { error: 'invalid_grant' });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, aud: CLIENT, iat: now, exp: now + 300, nonce: asked.nonce, ...asked.person };
    return json(response, 200, { access_token: 'unused', token_type: 'Bearer', id_token: this.signed(claims) });
  }

  private signed(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'ES256', typ: 'JWT', kid: 'one' })}.${part(claims)}`;
    const signature = createSign('sha256').update(text).sign({ key: this.keys.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
