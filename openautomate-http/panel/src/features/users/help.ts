/** What an administrator can do for somebody who can't sign in, or as whom somebody else may have. */
export const HELP = ['resetPassword', 'resetTotp', 'endSessions'] as const;
export type Help = (typeof HELP)[number];
