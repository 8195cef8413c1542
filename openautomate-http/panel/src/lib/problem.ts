import type { Problem } from '@/api/types';

/** What a request failed with. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    message: string,
  ) {
    super(message);
  }

  /** What is wrong with a field of the form, by its name. */
  field(name: string): string | undefined {
    const wrong = this.problem?.errors?.find((error) => error.field === name);
    if (wrong) return wrong.message;
    return this.problem?.field === name ? this.problem.detail : undefined;
  }
}

/** The error of an answer that is none. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  return errorFrom(response.status, parsed(text));
}

/** The error of a status and what came with it. */
export function errorFrom(status: number, body: unknown): ApiError {
  const problem = isProblem(body) ? body : undefined;
  return new ApiError(status, problem, problem?.detail ?? `HTTP ${status}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'detail' in body && 'code' in body;
}

/** Whether a failure is of the line, not of the request. */
export function isOffline(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof ApiError && error.status >= 502 && error.status <= 504);
}
