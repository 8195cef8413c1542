import type { components } from './schema';

/** The routes of signing in, in the form of `paths`. */

type Schemas = components['schemas'];

interface Answer<Body> {
  headers: { [name: string]: unknown };
  content: { 'application/json': Body };
}

interface Nothing {
  headers: { [name: string]: unknown };
  content?: never;
}

interface At<Path> {
  parameters: { query?: never; header?: never; path: Path; cookie?: never };
  requestBody?: never;
}

interface Bare {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
  requestBody?: never;
}

interface Listing {
  parameters: { query?: { cursor?: string; limit?: number }; header?: never; path?: never; cookie?: never };
  requestBody?: never;
}

interface Sent<Body> {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
  requestBody: { content: { 'application/json': Body } };
}

interface Listed<Item> {
  items: Item[];
  next?: string | null;
}

export interface OpenSession {
  id: string;
  isCurrent: boolean;
  method: string;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
  ipAddress?: string | null;
  userAgent?: string | null;
}

export interface TotpState {
  enabled: boolean;
  enrolmentRequired: boolean;
  recoveryCodesLeft: number;
}

export interface Enrolled {
  secret: string;
  uri: string;
}

export interface RecoveryCodes {
  recoveryCodes: string[];
}

export interface Proof {
  password: string;
  totp?: string;
  recoveryCode?: string;
}

export interface OpenInvitation {
  id: string;
  email: string;
  roles: Schemas['Role'][];
  createdBy?: string | null;
  createdAt: string;
  expiresAt: string;
}

export interface PasswordReset {
  token: string;
  expiresAt: string;
}

export interface Provider {
  name: string;
  title: string;
}

type ById = { id: string };

export interface SignInPaths {
  '/api/auth/sessions': {
    get: Listing & { responses: { 200: Answer<Listed<OpenSession>> } };
    delete: Bare & { responses: { 204: Nothing } };
  };
  '/api/auth/sessions/{id}': { delete: At<ById> & { responses: { 204: Nothing } } };
  '/api/users/{id}/sessions': { delete: At<ById> & { responses: { 204: Nothing } } };
  '/api/auth/totp': {
    get: Bare & { responses: { 200: Answer<TotpState> } };
    post: Sent<{ password: string }> & { responses: { 201: Answer<Enrolled> } };
  };
  '/api/auth/totp/confirm': { post: Sent<{ totp: string }> & { responses: { 200: Answer<RecoveryCodes> } } };
  '/api/auth/totp/recovery-codes': { post: Sent<Proof> & { responses: { 200: Answer<RecoveryCodes> } } };
  '/api/auth/totp/disable': { post: Sent<Proof> & { responses: { 204: Nothing } } };
  '/api/users/{id}/totp': { delete: At<ById> & { responses: { 204: Nothing } } };
  '/api/invitations': { get: Listing & { responses: { 200: Answer<Listed<OpenInvitation>> } } };
  '/api/invitations/{id}': { delete: At<ById> & { responses: { 204: Nothing } } };
  '/api/users/{id}/password-reset': { post: At<ById> & { responses: { 201: Answer<PasswordReset> } } };
  '/api/auth/password-reset': { post: Sent<{ token: string; password: string }> & { responses: { 204: Nothing } } };
  '/api/auth/oidc': { get: Bare & { responses: { 200: Answer<{ items: Provider[] }> } } };
  '/api/auth/oidc/{name}/link': { post: At<{ name: string }> & { responses: { 200: Answer<{ location: string }> } } };
}
