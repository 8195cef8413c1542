// Written by `npm run schema` from tests/openapi.json. Change that, not this.
export interface paths {
    "/api/agent-pools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists pools. */
        get: {
            parameters: {
                query?: {
                    /** @description Of this environment. */
                    environmentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of pools. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AgentPool"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a pool; agents are put into it by changing them. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateAgentPoolRequest"];
                };
            };
            responses: {
                /** @description The pool. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentPool"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-pools/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a pool. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The pool. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The pool. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentPool"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Changes a pool. What waits for it goes on waiting for it, whatever its name is. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The pool. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateAgentPoolRequest"];
                };
            };
            responses: {
                /** @description The pool. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentPool"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a pool that no agent is in and no execution waits for. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The pool. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists releases. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of releases. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AgentRelease"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Takes in a release whose programs were uploaded as files: their sizes and hashes are compared with the manifest. The
         *     files live as long as the release. Which keys to trust is for each agent to say, and not for the server.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAgentRelease"];
                };
            };
            responses: {
                /** @description The release. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentRelease"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-releases/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a release. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The release. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The release. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentRelease"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a release that is not on its way to agents. Its files go when they expire. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The release. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-rollouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists rollouts. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of rollouts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AgentRollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Begins to bring a release to agents: those of one stage after those of the other. Each fetches it, checks it against
         *     the release keys that it was given, waits until it has nothing to do, and restarts. The first that fails, or goes back
         *     to its program before, stops the rollout. One rollout at most is under way.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAgentRollout"];
                };
            };
            responses: {
                /** @description The rollout. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentRollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-rollouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a rollout. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentRollout"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-rollouts/{id}/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists how far each agent of a rollout is, those of the last stage first. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of agents. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AgentUpdate"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent-rollouts/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a rollout that is under way. Agents that have begun to restart go on; the others leave it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentRollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists agents. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of agents. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Agent"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enrols an agent: trades the token for its key. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnrolRequest"];
                };
            };
            responses: {
                /** @description The agent. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EnrolledView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/enrolment-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a token that enrols an agent. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnrolmentTokenRequest"];
                };
            };
            responses: {
                /** @description The token. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TokenView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Registers an agent. It connects once it is enrolled with a token made for it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RegisterAgentRequest"];
                };
            };
            responses: {
                /** @description The agent. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RegisteredAgentView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an agent. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The agent. Whether it is connected and when it was last heard of change without the revision, so there is no 304. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Agent"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Changes an agent. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateAgentRequest"];
                };
            };
            responses: {
                /** @description The agent. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Agent"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes an agent: its key is no good any more and its connection ends. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/challenge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an agent something to sign. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The challenge. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChallengeView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Connects an agent: a WebSocket of JSON messages, one each text frame. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The connection. */
                101: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/deployments/{versionId}/package/chunks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives chunks of a version that is deployed where the agent works, as for a lease. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChunksRequest"];
                };
            };
            responses: {
                /** @description The chunks. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/deployments/{versionId}/package/index": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the index of a version that is deployed where the agent works. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The index, whose SHA-256 is the version's digest. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Keeps a file with the execution; the same name again in the same attempt replaces it. */
        put: {
            parameters: {
                query: {
                    /** @description The name to keep it under: a plain file name. */
                    name: string;
                };
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                };
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description The file. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Artifact"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/assets/{assetId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the content of an asset that is a file in the environment of the leased execution. */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The key for which the content is to be sealed, and the agent's signature: both in base64url without padding, with a dot between them. */
                    "openautomate-sealing"?: string | null;
                };
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                    /** @description The asset. */
                    assetId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content. With the header `openautomate-sealed` it is sealed (HPKE, RFC 9180): frames, each behind its length in four bytes, the highest first. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/files/{fileId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the content of an uploaded file that the inputs of the leased execution name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                    /** @description The file. */
                    fileId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content, as long and with the SHA-256 that the assignment says. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Writes an object into a bucket in the environment of the leased execution. */
        put: {
            parameters: {
                query: {
                    /** @description The name of the bucket. */
                    bucket: string;
                    /** @description The key. */
                    key: string;
                    /** @description Whether an object that is there is left, which is a conflict. */
                    ifAbsent?: boolean;
                    /** @description The SHA-256 of the content that may be replaced; anything else there is a conflict. */
                    ifSha256?: string;
                };
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                };
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description The object. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BucketObject"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/objects/{objectId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the content of an object of a bucket in the environment of the leased execution. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                    /** @description The id of the content. */
                    objectId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/package/chunks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives chunks of the version that a lease is for, as zstd frames in the order in which they are asked for,
         *     each behind its length in four bytes, the highest first.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChunksRequest"];
                };
            };
            responses: {
                /** @description The chunks. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/leases/{executionId}/{epoch}/package/index": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the index of the version that a lease is for: its files, and the chunks that make their content. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The execution. */
                    executionId: string;
                    /** @description The number of the lease. */
                    epoch: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The index, whose SHA-256 is the version's digest. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets an agent in again whose key was alive on two hosts: whichever of them comes next. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The agent. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Agent"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/rollouts/{rolloutId}/programs/{target}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gives the program that a rollout brings the agent, for its target. */
        get: {
            parameters: {
                query?: {
                    /** @description The first byte that is wanted; 0 if left out. */
                    from?: number;
                };
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The rollout. */
                    rolloutId: string;
                    /** @description The triple of the agent's target. */
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The program, from that byte on. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs an agent in by a signed challenge. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignatureRequest"];
                };
            };
            responses: {
                /** @description The token. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentTokenView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/triggers/{triggerId}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Takes a file that arrived in a folder which the agent watches for a trigger. The same file again makes nothing more
         *     and gives the first answer. The content is left out if the trigger passes the path alone.
         */
        put: {
            parameters: {
                query: {
                    /** @description Its name: a plain file name. */
                    name: string;
                    /** @description Its size in bytes. */
                    size: number;
                    /** @description When it was last written, in microseconds since 1970. */
                    modifiedUs: number;
                };
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                    /** @description The trigger. */
                    triggerId: string;
                };
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description What became of it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ArrivalView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how busy an agent's machine was, minute by minute. */
        get: {
            parameters: {
                query?: {
                    /** @description From this instant on; the last hour if left out. A day is kept. */
                    since?: string;
                };
                header?: never;
                path: {
                    /** @description The agent. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The points. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UsageList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's API keys, or another person's; revoked and expired ones too. */
        get: {
            parameters: {
                query?: {
                    /** @description Another person's, for those who manage people. */
                    userId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of keys. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_ApiKey"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes an API key for the caller.
         * @description It is taken instead of an access token by every operation that takes a permission, or that says `signedIn`. It can't
         *     make or revoke keys, and can't change people, roles, passwords or sessions.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateApiKeyRequest"];
                };
            };
            responses: {
                /** @description The key. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewApiKeyView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/api-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes an API key of the caller, or another person's for those who manage people. Requests with it are refused at
         *     once; what is open with it ends within five seconds.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The key. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists approvals, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Of this execution. */
                    executionId?: string;
                    /** @description In this state: `waiting`, `approved`, `rejected` or `withdrawn`. */
                    state?: components["schemas"]["ApprovalState"];
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of approvals. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Approval"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an approval. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The approval. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The approval. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Approval"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/approvals/{id}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers an approval; its execution goes on. The same answer of the same person again changes nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The approval. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AnswerApprovalRequest"];
                };
            };
            responses: {
                /** @description The approval. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Approval"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists assets, without values. */
        get: {
            parameters: {
                query?: {
                    /** @description In this environment. */
                    environmentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of assets. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Asset"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Writes an asset: makes it, or replaces its value. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AssetRequest"];
                };
            };
            responses: {
                /** @description The asset. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asset"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Makes an asset; one with this name in the environment is a conflict. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AssetRequest"];
                };
            };
            responses: {
                /** @description The asset. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asset"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/assets/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Writes an asset that is a file, of at most 10 MiB: makes it, or replaces its content. It is always secret: runs get it
         *     as a path, and nobody reads it back. What stands in it is not masked in logs.
         */
        put: {
            parameters: {
                query: {
                    /** @description The name of the asset. */
                    name: string;
                    /** @description The name of the file, by which a run finds it: a plain file name. */
                    fileName: string;
                    /** @description What it is for. */
                    description?: string;
                    /** @description Where; the default environment if left out. */
                    environmentId?: string;
                    /** @description The names of the packages whose executions may read it, between commas, and no others. As before if it is left out. */
                    allowedPackages?: string;
                    /** @description Whether an asset with this name is a conflict, rather than replaced. */
                    createOnly?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description The asset. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asset"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/assets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an asset: with its value if it is plain. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The asset. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The asset. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asset"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes an asset. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The asset. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists audit entries, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description With this action. */
                    action?: string;
                    /** @description By the actor with this id. */
                    actorId?: string;
                    /** @description About the object with this id. */
                    objectId?: string;
                    /** @description Not before. */
                    from?: string;
                    /** @description Before. */
                    to?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of entries. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AuditEntry"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the signed checkpoints of the hash chain, oldest first. Keep them elsewhere: with them a chain that was cut, or
         *     written anew, is found.
         */
        get: {
            parameters: {
                query?: {
                    /** @description With a number higher than this. */
                    after?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description At most 200 of them. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditCheckpoints"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads the audit, oldest entry first. That somebody did so is an entry itself. */
        get: {
            parameters: {
                query?: {
                    /** @description How the entries stand in the file. */
                    format?: "jsonl" | "csv";
                    /** @description Not before. */
                    from?: string;
                    /** @description Before. */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The entries. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/jsonl": string;
                        "text/csv": string;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Verifies the audit's hash chain. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description What was found. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["VerifyView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the accounts at identity providers by which the caller signs in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The accounts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkedAccounts"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/identities/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Unlinks an account: the caller signs in by it no more, and where they are signed in by such an account ends, but for
         *     the session that asks. The last one of somebody who has no password stays.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The linked account. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is unlinked. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs a person in. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LoginRequest"];
                };
            };
            responses: {
                /** @description The session. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the caller's session. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The session has ended. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who the caller is. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The caller. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MeView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the identity providers at which people may sign in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The providers. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProvidersView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc/{name}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Takes a browser back from an identity provider, and signs the person in, or links the account: the refresh token is in
         *     the cookie of the pages of this server, and the browser goes to the page that it wanted. Whoever is refused comes to
         *     `/login?error=<code>`, or to `/settings?error=<code>` if they linked an account; a program that asks for
         *     `application/json` gets a problem.
         */
        get: {
            parameters: {
                query?: {
                    /** @description What is traded for the token that says who it is. */
                    code?: string;
                    /** @description What was sent along. */
                    state?: string;
                    /** @description Which provider it is (RFC 9207). */
                    iss?: string;
                    /** @description Why there is no code. */
                    error?: string;
                };
                header?: never;
                path: {
                    /** @description The provider. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To the page that was wanted, or to the one that says why not. */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc/{name}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins to link an account at an identity provider to the caller: once the browser has been at the address that this
         *     gives, the caller signs in by that account too.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The provider. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Where to go. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc/{name}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends a browser to an identity provider, which sends it back to the callback. If the provider can't be asked, the
         *     browser goes to `/login?error=<code>`.
         */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description The page to come to, as a path of this server like `/executions?state=failed`; the start page without it, and in
                     *     place of anything else.
                     */
                    next?: string;
                };
                header?: never;
                path: {
                    /** @description The provider. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To the provider, or to the page that says why not. */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the caller's password and ends all their sessions. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordRequest"];
                };
            };
            responses: {
                /** @description The password is changed; sign in again. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets the password of whoever a link was made for, and ends their sessions. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordResetRequest"];
                };
            };
            responses: {
                /** @description The password is set; sign in with it. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Trades a refresh token for a new session. A token that was traded before ends the session. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RefreshRequest"];
                };
            };
            responses: {
                /** @description The session. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Registers a person: by invitation, or freely where the operator opened registration. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RegisterRequest"];
                };
            };
            responses: {
                /** @description The account. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's sessions. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of sessions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_OpenSession"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Ends all sessions of the caller but the one that asks. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The others have ended. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the caller's sessions. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The session. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It has ended. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/totp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how the caller's authenticator stands. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description How it stands. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TotpState"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Begins to enrol an authenticator. A login asks for its code once it is confirmed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnrolTotpRequest"];
                };
            };
            responses: {
                /** @description What the authenticator is told. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EnrolledTotpView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/totp/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows that the authenticator works. From now on a login asks for its code; the caller's other sessions end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ConfirmTotpRequest"];
                };
            };
            responses: {
                /** @description The recovery codes. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RecoveryCodesView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/totp/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turns the caller's authenticator off. Their other sessions end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TotpProofRequest"];
                };
            };
            responses: {
                /** @description It is off. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/totp/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the recovery codes anew; the old ones are no good any more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TotpProofRequest"];
                };
            };
            responses: {
                /** @description The recovery codes. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RecoveryCodesView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists storage buckets, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description In this environment. */
                    environmentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of buckets. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Bucket"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a storage bucket. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BucketRequest"];
                };
            };
            responses: {
                /** @description The bucket. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bucket"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a storage bucket, and what it holds in all. The ETag is of its settings: what it holds changes without it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The bucket. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bucket"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Replaces the settings of a storage bucket; what is left out becomes the default. What it holds stays. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BucketRequest"];
                };
            };
            responses: {
                /** @description The bucket. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bucket"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a storage bucket that holds nothing. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}/object": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an object. */
        get: {
            parameters: {
                query: {
                    /** @description Its key: a relative path with `/`. */
                    key: string;
                };
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The object. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BucketObject"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Writes an object, in the place of what is under its key. `If-None-Match: *` leaves what is there; `If-Match` with an
         *     etag replaces that and nothing else.
         */
        put: {
            parameters: {
                query: {
                    /** @description Its key: a relative path with `/`. */
                    key: string;
                };
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description The object. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BucketObject"];
                    };
                };
                /** @description What is there is not what the headers ask for. */
                412: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes an object; one that is absent is deleted already. `If-Match` deletes that content and nothing else. */
        delete: {
            parameters: {
                query: {
                    /** @description Its key: a relative path with `/`. */
                    key: string;
                };
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is there is not what the headers ask for. */
                412: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}/object/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Downloads an object: whole, or one `Range` of it. It is always a download, and never of a type that a browser would
         *     run.
         */
        get: {
            parameters: {
                query: {
                    /** @description Its key: a relative path with `/`. */
                    key: string;
                };
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description The range. */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The range begins behind the end. */
                416: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}/object/copy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Copies an object to another key of its bucket. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TransferRequest"];
                };
            };
            responses: {
                /** @description The copy. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BucketObject"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}/object/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an object another key of its bucket, at once and without moving its content. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TransferRequest"];
                };
            };
            responses: {
                /** @description The object. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BucketObject"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/buckets/{id}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists objects of a bucket by key. */
        get: {
            parameters: {
                query?: {
                    /** @description Those whose key begins with this. */
                    prefix?: string;
                    /**
                     * @description Folds keys at this character: of those that have it behind the prefix, what they begin with up to it is told
                     *     once, in `prefixes`. Usually `/`.
                     */
                    delimiter?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many objects and prefixes at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The bucket. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of objects. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ObjectList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/calendars": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists calendars, without their days. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of calendars. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_CalendarSummary"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a calendar. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CalendarRequest"];
                };
            };
            responses: {
                /** @description The calendar. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Calendar"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/calendars/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a calendar. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The calendar. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The calendar. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Calendar"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Replaces a calendar. The schedules that use it are due anew from this moment; what was decided on stays. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The calendar. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CalendarRequest"];
                };
            };
            responses: {
                /** @description The calendar. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Calendar"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a calendar that no schedule uses. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The calendar. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Removed. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists environments. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The environments. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EnvironmentList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes an environment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreateEnvironmentRequest"];
                };
            };
            responses: {
                /** @description The environment. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/environments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes an environment. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The environment. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateEnvironmentRequest"];
                };
            };
            responses: {
                /** @description The environment. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/environments/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pauses an environment: nothing new is given to its agents. What runs goes on; what schedules, triggers and people ask
         *     for waits, and says why when it is asked to explain.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The environment. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PauseEnvironmentRequest"];
                };
            };
            responses: {
                /** @description The environment. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/environments/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resumes an environment: what waits is given to its agents at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The environment. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The environment. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists executions, newest first, without inputs and outputs. */
        get: {
            parameters: {
                query?: {
                    /** @description Of this package. */
                    packageId?: string;
                    /** @description In one of these states, with commas between, as in `Running,Failed`. */
                    state?: string;
                    /** @description Last leased to this agent. */
                    agentId?: string;
                    /** @description Made by this schedule. */
                    scheduleId?: string;
                    /** @description In this environment. */
                    environmentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of executions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_ExecutionSummary"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Triggers an execution. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnqueueRequest"];
                };
            };
            responses: {
                /** @description The execution. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Execution"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Triggers several executions: all of them, or none. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EnqueueAllRequest"];
                };
            };
            responses: {
                /** @description The executions. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EnqueuedView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for the end of all executions that are selected and have not ended. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CancelAllRequest"];
                };
            };
            responses: {
                /** @description What became of them. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BulkView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs all executions once more that are selected and ended other than well. With an `Idempotency-Key` the same
         *     request makes none a second time.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RetryAllRequest"];
                };
            };
            responses: {
                /** @description What became of them. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BulkView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an execution with its attempts. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The execution. Its artifacts change without the revision, so there is no 304. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Execution"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the files of an execution. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The files. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ArtifactList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/artifacts/{artifactId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads a file of an execution. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                    /** @description The file. */
                    artifactId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the attempts of an execution. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The attempts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AttemptList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for the end of an execution. What runs is told to stop, and killed if it does not. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The cancel is asked for. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Execution"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/children": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the executions that the runs of an execution asked for. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The children, at most 1,000. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChildList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says what holds an execution back at this moment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The reasons. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Explanation"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Gives the log of an execution: a page of it, or with `follow=true` all of it, live, until it ends.
         * @description Followed, it comes as JSON lines, as text (`Accept: text/plain`) or as server-sent events
         *     (`Accept: text/event-stream`). In text, what would act on a terminal is shown as an escape such as `\u{1b}`, and the
         *     further lines of a record are indented; JSON has each text as it was written.
         */
        get: {
            parameters: {
                query?: {
                    /** @description After this line: `next` of the page before, which is `attempt.seq`; or a `seq` alone. */
                    after?: string;
                    /** @description How many lines at most. Default 500. */
                    limit?: number;
                    /** @description Of this attempt only; of all if left out. */
                    attempt?: number;
                    /** @description Goes on until the execution has ended and its last line is told. */
                    follow?: boolean;
                };
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The lines. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogPage"];
                        "application/x-ndjson": components["schemas"]["LogLine"];
                        "text/plain": string;
                        "text/event-stream": string;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/executions/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs an ended execution once more: a new execution, of the same version with the same inputs unless the body says
         *     otherwise.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The execution. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RetryRequest"] | null;
                };
            };
            responses: {
                /** @description The new execution. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Execution"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Uploads a file as an input of executions to come: they name it by its id. It expires after a day unless an
         *     execution or a schedule uses it.
         * @description An `Idempotency-Key` covers name, type and content: the same again gives the first answer again, once the content
         *     has come.
         */
        post: {
            parameters: {
                query: {
                    /** @description The name that the run sees: a plain file name. */
                    name: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            /** @description The content, as it is. */
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                /** @description The file. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["File"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a file of one's own; Administrators see all. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The file. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["File"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a file of one's own that nothing uses; Administrators any. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The file. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/{id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads a file of one's own; Administrators all. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The file. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The content. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a webhook: JSON of at most 256 KiB. The header `X-OpenAutomate-Timestamp` holds the time in seconds since
         *     1970, within five minutes of the server's, and `X-OpenAutomate-Signature` is `sha256=` and the HMAC-SHA-256 in hex,
         *     under the trigger's secret, of that time, a dot and the body. A trigger of the style `github` takes
         *     `X-Hub-Signature-256` over the body instead. Each signature counts once.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description The execution waits for an agent. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HookAnswer"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the invitations that may be accepted. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of invitations. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_OpenInvitation"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Withdraws an invitation. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The invitation. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is withdrawn. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Opens a live connection: a WebSocket of JSON messages, one each text frame.
         * @description The client says `{"op": "subscribe", "id": 1, "topic": "executions"}` with a number of its own choice, or
         *     `{"op": "unsubscribe", "id": 1}`. The topics are `executions`, `agents`, `packages`, `schedules`, `triggers`,
         *     `approvals`, `queues`, and `log` with an `executionId` and, to go on, an `after` as in the log's pages.
         *
         *     The server answers `subscribed` or `refused` (with a `code` and a `detail`). Then, at most ten times a second, it
         *     says `changed`, with the `items` that changed (an `id`, and for executions the `state` and the `progress` where
         *     they are known); `missed` means that more changed than is told, so read again. A log comes as `lines` in order and
         *     without a gap, and is `complete` at its end. The connection closes with 4401 when the session ends, with 1012 when
         *     the server stops, with 1008 after a message that is not of this form, or more than 100 messages a second. A message
         *     may take 4 KiB; a connection follows at most eight logs, and one that takes nothing for 20 seconds is cut off.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The connection. */
                101: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/live/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a ticket by which a page opens a live connection.
         * @description A page can give a WebSocket no header of its own. It opens `/api/live` with the subprotocols `openautomate-live`
         *     and `ticket.…`; programs send their access token or an API key as with every other request and need no ticket.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The ticket. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LiveTicketView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists packages. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of packages. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Package"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a package; its versions are published next. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CreatePackageRequest"];
                };
            };
            responses: {
                /** @description The package. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Package"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a package. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The package. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Package"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Changes a package. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdatePackageRequest"];
                };
            };
            responses: {
                /** @description The package. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Package"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a package that nothing runs and no schedule names. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists where which version of a package is the active one. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The deployments. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the version that is active in one environment the active one of another. Where that environment asks for
         *     four eyes, the rollout waits.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PromoteRequest"];
                };
            };
            responses: {
                /** @description The rollout. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the version the active one again that was before the present one came; a second time leads one further back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RollBackRequest"] | null;
                };
            };
            responses: {
                /** @description The rollout. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the versions of a package. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of versions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_PackageVersion"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Publishes a version: the body is the zip archive. */
        post: {
            parameters: {
                query?: {
                    /** @description The SemVer number, for archives that name none. */
                    versionNumber?: string;
                    /** @description Whether it becomes the active version of an environment. Default: yes. */
                    activate?: boolean;
                    /** @description Of which; the default one if left out. */
                    environmentId?: string;
                    /** @description The Ed25519 key of an author who signed the content, in base64url without padding. */
                    authorKey?: string;
                    /** @description Their signature over `openautomate-authored-v1`, a line feed, the digest, a line feed. */
                    authorSignature?: string;
                };
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                };
                cookie?: never;
            };
            /** @description The archive, as it is. */
            requestBody?: {
                content: {
                    "application/zip": unknown;
                };
            };
            responses: {
                /** @description The version. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageVersion"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/versions/{versionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a version. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The version. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageVersion"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/versions/{versionId}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a version the active one of an environment. Where the environment asks for four eyes, that waits for somebody
         *     else's word: the answer is then 202, and its `Location` is the rollout.
         */
        post: {
            parameters: {
                query?: {
                    /** @description In which environment; the default one if left out. */
                    environmentId?: string;
                };
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The version. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageVersion"];
                    };
                };
                /** @description The version; its rollout waits. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackageVersion"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/versions/{versionId}/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists how far agents are with a version: those that were told of it since it was deployed, newest agent first. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of agents. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_AgentPreparation"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{id}/versions/{versionId}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads a version as a zip. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The package. */
                    id: string;
                    /** @description The version. */
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The archive. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/zip": unknown;
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists every permission and which built-in roles have it.
         * @description Which operation takes which, this document says (`x-permission`): a permission, with `byEnvironment` behind it where
         *     having it in the object's environment is enough; `signedIn` for everybody who is; `inPerson`, alone or behind a permission, where no API key is taken; `agent` and `public`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The table. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PermissionList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/permissions/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides what somebody may, or would, with roles and scopes that are supposed. It changes nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CheckPermissionsRequest"];
                };
            };
            responses: {
                /** @description The decisions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CheckedPermissions"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/permissions/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says whether a person may do something, and by which of their roles. It speaks of the person; an API key may do no
         *     more.
         */
        get: {
            parameters: {
                query: {
                    /** @description Who; the caller, if nobody is named. Others are for those who manage people. */
                    userId?: string;
                    /** @description What. */
                    permission: components["schemas"]["Permission"];
                    /** @description In which environment; everywhere, if it is left out. */
                    environmentId?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The decision. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PermissionDecision"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists work queues, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description In this environment. */
                    environmentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of queues. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_WorkQueue"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a work queue. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["QueueRequest"];
                };
            };
            responses: {
                /** @description The queue. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkQueue"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a work queue. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The queue. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkQueue"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Replaces the settings of a work queue; what is left out becomes the default. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["QueueRequest"];
                };
            };
            responses: {
                /** @description The queue. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkQueue"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a work queue in which nothing is left to do; its ended items stay as history. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists items, newest first, without payloads and outputs. */
        get: {
            parameters: {
                query?: {
                    /** @description In one of these states, with commas between, as in `Failed,DeadLetter`; without it all but the deleted ones. */
                    state?: string;
                    /** @description With exactly this reference. */
                    reference?: string;
                    /** @description Added by the completion of this item. */
                    parentId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of items. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_WorkItemSummary"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds an item. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ItemRequest"];
                };
            };
            responses: {
                /** @description The item. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes all items of a filter that nobody works on, oldest first, at most 10,000 a call. */
        post: {
            parameters: {
                query?: {
                    /** @description In one of these states, with commas between, as in `Failed,DeadLetter`; without it all but the deleted ones. */
                    state?: string;
                    /** @description With exactly this reference. */
                    reference?: string;
                    /** @description Added by the completion of this item. */
                    parentId?: string;
                };
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description How many. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MovedView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds up to 100,000 items in one transaction.
         * @description `application/x-ndjson` holds an item a line, with `payload`, `reference`, `priority`, `dueAt` and `deferUntil`.
         *     `text/csv` (RFC 4180, UTF-8) has a header; each row is an item whose payload has a text for each column. The columns
         *     `@reference`, `@priority`, `@dueAt` and `@deferUntil` are the item's own and no part of the payload.
         */
        post: {
            parameters: {
                query?: {
                    /** @description What becomes of lines that are wrong, or whose reference is taken. Default `refuse`. */
                    onError?: "refuse" | "skip";
                    /** @description For CSV: the column that is the reference too. */
                    referenceColumn?: string;
                };
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            /** @description The items, a line each. */
            requestBody?: {
                content: {
                    "application/x-ndjson": unknown;
                    "text/csv": unknown;
                };
            };
            responses: {
                /** @description What became of them. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImportedView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/reprocess": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts all items of a filter that ended badly back into the queue, oldest first, at most 10,000 a call. */
        post: {
            parameters: {
                query?: {
                    /** @description In one of these states, with commas between, as in `Failed,DeadLetter`; without it all but the deleted ones. */
                    state?: string;
                    /** @description With exactly this reference. */
                    reference?: string;
                    /** @description Added by the completion of this item. */
                    parentId?: string;
                };
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description How many. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MovedView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes items to work on: the highest priority first, then the earliest due date, then the oldest. Each is the
         *     caller's until `leaseUntil`; complete, fail, renew or release it before.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TakeRequest"];
                };
            };
            responses: {
                /** @description The items; none if there is nothing to do. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TakenList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an item. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes an item that nobody works on: payload, output and files are gone, its reference is free again. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Completes an item that the caller took, with its output and new items in one transaction. The same again changes
         *     nothing.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CompleteRequest"];
                };
            };
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Fails an item that the caller took: a business error ends it, an application error has it tried again as the queue
         *     says.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FailRequest"];
                };
            };
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an item that the caller took back untouched; no attempt is counted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EpochRequest"];
                };
            };
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Prolongs the caller's lease of an item by another lease time from now on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EpochRequest"];
                };
            };
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/items/{item}/reprocess": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts an item that ended badly back into the queue, with all its attempts before it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                    /** @description The item. */
                    item: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The item. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkItem"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queues/{id}/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts the items of a queue, and what ended of late. */
        get: {
            parameters: {
                query?: {
                    /** @description The last so many minutes. Default 60. */
                    minutes?: number;
                };
                header?: never;
                path: {
                    /** @description The queue. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The numbers. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StatisticsView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists all roles, the built-in ones too. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The roles. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RoleList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a role. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RoleRequest"];
                };
            };
            responses: {
                /** @description The role. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CustomRole"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/roles/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a role that people made. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The role. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The role. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CustomRole"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Replaces a role. Requests of whoever has it follow at once; if it loses a permission, their sessions end. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The role. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RoleRequest"];
                };
            };
            responses: {
                /** @description The role. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CustomRole"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a role that nobody has; a conflict says who has it. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The role. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Removed. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rollouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists rollouts, newest first: what came when into which environment, and what waits for somebody's word. */
        get: {
            parameters: {
                query?: {
                    /** @description Of this package. */
                    packageId?: string;
                    /** @description To this environment. */
                    environmentId?: string;
                    /** @description Of this version. */
                    versionId?: string;
                    /** @description In this state. */
                    state?: components["schemas"]["RolloutState"];
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of rollouts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rollouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a rollout. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rollouts/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Agrees to a rollout that somebody else asked for: the version becomes the active one. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["AnswerRolloutRequest"] | null;
                };
            };
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rollouts/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refuses a rollout that somebody else asked for. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["AnswerRolloutRequest"] | null;
                };
            };
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rollouts/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes back a rollout that one asked for oneself. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The rollout. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["AnswerRolloutRequest"] | null;
                };
            };
            responses: {
                /** @description The rollout. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rollout"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists schedules. */
        get: {
            parameters: {
                query?: {
                    /** @description Of this package. */
                    packageId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of schedules. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Schedule"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a schedule. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ScheduleRequest"];
                };
            };
            responses: {
                /** @description The schedule, and what to know of it. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedSchedule"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells when a schedule with these settings would be due. Nothing is kept. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PreviewRequest"];
                };
            };
            responses: {
                /** @description The due times. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SchedulePreview"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a schedule. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The schedule. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Schedule"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Replaces the settings of a schedule; what is left out becomes the default, but name, environment and whether it is
         *     active, which stay. The next due time is counted from now on.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ScheduleRequest"];
                };
            };
            responses: {
                /** @description The schedule, and what to know of it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedSchedule"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a schedule; its executions stay. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/backfill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs the due times of a past range that have no execution: those that were skipped, and those that came while the
         *     schedule was paused or not there yet. Each runs once, however often it is asked for.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BackfillRequest"];
                };
            };
            responses: {
                /** @description What was done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Backfill"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells why a schedule does not fire, and what became of its last due times. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The reasons. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ScheduleExplanation"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/firings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what became of the due times of a schedule. */
        get: {
            parameters: {
                query?: {
                    /** @description Due at this instant or later. */
                    from?: string;
                    /** @description Due before this instant: `next` of the page before. */
                    before?: string;
                    /** @description At most so many. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The firings. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FiringList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pauses a schedule: nothing is due until it is resumed. What runs goes on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PauseRequest"];
                };
            };
            responses: {
                /** @description The schedule. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Schedule"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells when a schedule is due next, as if it were not paused. */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many. Default 10. */
                    count?: number;
                };
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The due times. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SchedulePreview"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resumes a schedule. It is due from now on: what it would have run meanwhile is left to a backfill. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The schedule. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Schedule"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedules/{id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a schedule at once, paused or not. Its next due time stays. */
        post: {
            parameters: {
                query?: {
                    /**
                     * @description What happens if an execution of it is open: `allow`, `skip` (the run is refused) or `cancelRunning`; what the
                     *     schedule says if left out.
                     */
                    overlap?: components["schemas"]["OverlapPolicy"];
                };
                header?: never;
                path: {
                    /** @description The schedule. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The execution. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Execution"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists triggers. */
        get: {
            parameters: {
                query?: {
                    /** @description That run this package. */
                    packageId?: string;
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of triggers. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_Trigger"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes a trigger. The secret of a webhook is shown in this answer and never again, so that the answer is not kept
         *     for an `Idempotency-Key`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerRequest"];
                };
            };
            responses: {
                /** @description The trigger. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewTrigger"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a trigger. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The trigger. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Trigger"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Replaces the settings of a trigger; what is left out becomes the default. A webhook keeps its secret. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerRequest"];
                };
            };
            responses: {
                /** @description The trigger. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Trigger"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a trigger; its executions stay. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells why a trigger does not fire. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The reasons. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TriggerExplanation"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/{id}/firings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a trigger did last. It is kept for 90 days. */
        get: {
            parameters: {
                query?: {
                    /** @description At most so many. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The firings. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TriggerFiringList"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/{id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a webhook a new secret, shown in this answer alone; the old one is good no more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The trigger. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The trigger with its secret. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewTrigger"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists people. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of people. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_User"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invites a person to register. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["InviteRequest"];
                };
            };
            responses: {
                /** @description The invitation. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InvitationView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a person: oneself, or anybody to an administrator. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The person. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                /** @description Unchanged. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Changes a person. A change of roles or of `disabled` ends the person's sessions. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UpdateUserRequest"];
                };
            };
            responses: {
                /** @description The person. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a person and ends their sessions. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Deleted. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the accounts at identity providers by which a person signs in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The accounts. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LinkedAccounts"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/identities/{identity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Unlinks an account of a person: nobody signs in by it as them any more, and where they are signed in by such an
         *     account ends. The last one of somebody who has no password stays: disable the person, or send them a link to a new
         *     password first.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                    /** @description The account. */
                    identity: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is unlinked. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link by which a person sets a new password, once, within an hour. The link before it is no good any more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The link. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PasswordResetView"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the sessions of a person. */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page begins: `next` of the page before. */
                    cursor?: string;
                    /** @description How many items at most. Default 50. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of sessions. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Listed_OpenSession"];
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Ends the sessions of a person; of oneself, all but the one that asks. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description They have ended. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session of a person. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                    /** @description The session. */
                    session: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It has ended. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/totp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Turns the authenticator of somebody off who has lost it, and ends their sessions. Nobody does it for themselves. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The person. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is off. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the process answers. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description `ok` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the database answers. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description `ready` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description A problem. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What kind of actor asked.
         * @enum {string}
         */
        ActorKind: "user" | "agent" | "system" | "anonymous";
        /**
         * @description What becomes of a file that made an execution: it stays; it is moved into the subfolder `processed`; it is
         *     removed.
         * @enum {string}
         */
        AfterArrival: "leave" | "move" | "remove";
        /** @description An agent. */
        Agent: {
            /** @description Whether it is connected at this moment. */
            connected: boolean;
            /**
             * Format: date-time
             * @description Until when it is drained, if it is for a time.
             */
            drainUntil?: string | null;
            /** @description Whether it has a key. */
            enrolled: boolean;
            /**
             * Format: uuid
             * @description Where it works.
             */
            environmentId: string;
            /** @description What it told of its machine. */
            facts: components["schemas"]["FactsView"];
            /**
             * Format: int64
             * @description How long ago it was last heard of, in milliseconds.
             */
            heartbeatAgeMs: number;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The machine's address; left out for those who may not manage agents. */
            ipAddress?: string | null;
            /** @description What it can do; executions may require labels. */
            labels: string[];
            /**
             * Format: date-time
             * @description When it was last heard of.
             */
            lastHeartbeat: string;
            /** @description The machine's host name. */
            machineName: string;
            /** @description When it takes nothing new. */
            maintenanceWindows: components["schemas"]["MaintenanceWindow"][];
            /** @description The name. */
            name: string;
            /**
             * Format: uuid
             * @description Who registered it, or made the token that enrolled it.
             */
            ownerId: string;
            /** @description The pools that it is in. */
            poolIds: string[];
            quarantine?: components["schemas"]["QuarantineView"] | null;
            /**
             * Format: date-time
             * @description When it was registered.
             */
            registeredAt: string;
            rest?: components["schemas"]["Rest"] | null;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: int32
             * @description How many executions it runs at once, as it last told.
             */
            slots: number;
            /** @description What it may do. */
            status: components["schemas"]["AgentStatus"];
        };
        /** @description A pool of agents. Which agents are in it stands with each agent, as `poolIds`. */
        AgentPool: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: uuid
             * @description Of which environment.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The name, by which packages, triggers and schedules ask for it. */
            name: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
        };
        /** @description What an agent said last of a version. */
        AgentPreparation: {
            /**
             * Format: uuid
             * @description Which agent.
             */
            agentId: string;
            /**
             * Format: date-time
             * @description When it said so.
             */
            at: string;
            /** @description Why it failed. */
            reason?: string | null;
            /** @description How far it is. */
            state: components["schemas"]["PreparationState"];
        };
        /** @description A release of the agent program. */
        AgentRelease: {
            /**
             * Format: date-time
             * @description When it was uploaded.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description By whom.
             */
            createdById: string;
            /** @description The uploaded program of each target, by its triple. */
            files: {
                [key: string]: string;
            };
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The manifest as it was signed, to the byte. */
            manifest: string;
            /**
             * Format: int64
             * @description The ETag.
             */
            revision: number;
            /** @description The signature over the manifest. */
            signature: components["schemas"]["Signed"];
            /** @description Its version. */
            version: string;
        };
        /** @description A release on its way to agents. */
        AgentRollout: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who asked for it.
             */
            createdById: string;
            /**
             * Format: int64
             * @description How long an agent may take from its restart until it is healthy.
             */
            deadlineSeconds: number;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endedAt?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Whether an agent that has maintenance windows is updated within one only. */
            inWindows: boolean;
            /** @description Why it stopped. */
            reason?: string | null;
            /**
             * Format: uuid
             * @description Which release.
             */
            releaseId: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: int64
             * @description How long the agents of a stage have to be healthy before the next begins.
             */
            soakSeconds: number;
            /**
             * Format: int32
             * @description The stage that is under way, from 0.
             */
            stage: number;
            /**
             * Format: date-time
             * @description Since when all agents of that stage are healthy.
             */
            stageHealthyAt?: string | null;
            /** @description How many agents each stage has. */
            stages: number[];
            /** @description Where it stands. */
            state: components["schemas"]["AgentRolloutState"];
            /** @description Which agents were asked for. */
            target: components["schemas"]["RolloutTarget"];
        };
        /** @description How many agents have the release when a stage is over: one of the two. */
        AgentRolloutStage: {
            /**
             * Format: int32
             * @description So many.
             */
            count: number;
        } | {
            /**
             * Format: int32
             * @description So many of a hundred, rounded up.
             */
            percent: number;
        };
        /**
         * @description Where a rollout of a release of the agent program stands.
         * @enum {string}
         */
        AgentRolloutState: "running" | "done" | "stopped" | "cancelled";
        /**
         * @description What an agent may do: takes work; finishes what it has; may not connect.
         * @enum {string}
         */
        AgentStatus: "Active" | "Draining" | "Disabled";
        /** @description An agent's token. */
        AgentTokenView: {
            /** @description Goes into the header `Authorization: Bearer …`. */
            accessToken: string;
            /**
             * Format: int64
             * @description How long it is good, in seconds.
             */
            expiresIn: number;
        };
        /** @description How far an agent is with a release. */
        AgentUpdate: {
            /**
             * Format: uuid
             * @description Which agent.
             */
            agentId: string;
            /**
             * Format: date-time
             * @description When it came to be so.
             */
            changedAt: string;
            /** @description Why it failed. */
            reason?: string | null;
            /**
             * Format: int32
             * @description In which stage, from 0.
             */
            stage: number;
            /** @description How far it is. */
            state: components["schemas"]["AgentUpdateState"];
        };
        /**
         * @description How far an agent is with a release of its program. `rolledBack`: it was not healthy with it in time, and runs the
         *     program before.
         * @enum {string}
         */
        AgentUpdateState: "waiting" | "fetching" | "staged" | "draining" | "restarting" | "healthy" | "rolledBack" | "failed" | "cancelled";
        /** @description An answer. */
        AnswerApprovalRequest: {
            /** @description Yes or no. */
            approve: boolean;
            /** @description What there is to say of it; the automation reads it. */
            comment?: string;
        };
        /** @description What somebody says to a rollout. */
        AnswerRolloutRequest: {
            /** @description Why; at most 4,000 bytes. */
            comment?: string;
        };
        /** @description An API key, without its text. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description From this instant it is no good.
             */
            expiresAt: string;
            /** @description The eight characters behind `oa_pat_`, to find it again by. */
            hint: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            lastUsedAt?: string | null;
            /** @description What the person calls it. */
            name: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revokedAt?: string | null;
            /** @description What it may be used for; never more than the person may at the moment. */
            scopes: components["schemas"]["Permission"][];
            /**
             * Format: uuid
             * @description Whose.
             */
            userId: string;
        };
        /** @description A question of an execution to people. */
        Approval: {
            /**
             * Format: date-time
             * @description When.
             */
            answeredAt?: string | null;
            /**
             * Format: uuid
             * @description Who answered; `null` for the default.
             */
            answeredById?: string | null;
            /** @description The only people who may answer; empty for all who may answer approvals. */
            approverIds: string[];
            /**
             * Format: int32
             * @description The attempt that asked last.
             */
            attempt: number;
            /** @description What whoever answered said of it. */
            comment: string;
            /**
             * Format: date-time
             * @description When it was asked first.
             */
            createdAt: string;
            /** @description What whoever answers has to know. */
            data: unknown;
            /** @description Whether the default is a yes. */
            defaultApprove: boolean;
            /**
             * Format: uuid
             * @description Whose question.
             */
            executionId: string;
            /**
             * Format: date-time
             * @description When the default is taken for an answer.
             */
            expiresAt?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Which question of the execution. */
            key: string;
            /** @description What is asked. */
            question: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            role?: components["schemas"]["Role"] | null;
            /** @description Where it stands. */
            state: components["schemas"]["ApprovalState"];
        };
        /**
         * @description Where an approval stands.
         * @enum {string}
         */
        ApprovalState: "waiting" | "approved" | "rejected" | "withdrawn";
        /** @description What became of a file that arrived. */
        ArrivalView: {
            /**
             * Format: uuid
             * @description The execution that it made, now or when it was told before.
             */
            executionId?: string | null;
            /** @description Why it made none. */
            skipped?: string | null;
        };
        /** @description A file that an execution left. */
        Artifact: {
            /**
             * Format: int32
             * @description In which attempt.
             */
            attempt: number;
            /** @description Its media type. */
            contentType: string;
            /**
             * Format: date-time
             * @description When it was kept.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Which execution left it.
             */
            executionId: string;
            /** @description Where it can be downloaded. */
            href: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description SHA-256 of its content in hex. */
            sha256: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            size: number;
        };
        /** @description The files of an execution. */
        ArtifactList: {
            /** @description Oldest first. */
            items: components["schemas"]["Artifact"][];
        };
        /** @description An asset. */
        Asset: {
            /** @description The names of the packages whose executions may read it; left out if all of the environment may. */
            allowedPackages?: string[] | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: uuid
             * @description Where it holds.
             */
            environmentId: string;
            /** @description The name of the file, if it is one. */
            fileName?: string | null;
            /**
             * Format: int64
             * @description The size of the file in bytes.
             */
            fileSize?: number | null;
            /** @description What the value is. */
            format: components["schemas"]["AssetFormat"];
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Whether people may read the value. */
            kind: components["schemas"]["AssetKind"];
            /** @description The name. */
            name: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When it was written last.
             */
            updatedAt: string;
            /**
             * Format: uuid
             * @description Who wrote it last.
             */
            updatedById: string;
            /** @description The value of a plain asset, where one asset is shown: a text, or what the JSON says. */
            value?: unknown;
        };
        /**
         * @description What the value of an asset is: any text; JSON; a user name and a password; a file.
         * @enum {string}
         */
        AssetFormat: "text" | "json" | "credential" | "file";
        /**
         * @description Whether people may read an asset's value back.
         * @enum {string}
         */
        AssetKind: "plain" | "secret";
        /** @description What an asset shall be. */
        AssetRequest: {
            /**
             * @description The names of the packages whose executions may read it, and no others; all of the environment if it is null. As
             *     before if it is left out.
             */
            allowedPackages?: string[] | null;
            /** @description What it is for. */
            description?: string;
            /**
             * Format: uuid
             * @description Where; the default environment if left out.
             */
            environmentId?: string | null;
            /** @description What the value is; a text if left out. */
            format?: components["schemas"]["AssetFormat"];
            /** @description Whether people may read the value. */
            kind: components["schemas"]["AssetKind"];
            /** @description The name. */
            name: string;
            /**
             * @description The value, at most 64 KiB as text: a string for `text`, anything for `json`, an object of `username` and
             *     `password` for `credential`.
             */
            value: Record<string, unknown>;
        };
        /** @description One try at an execution. */
        Attempt: {
            /**
             * Format: uuid
             * @description The agent that holds or held the lease.
             */
            agentId: string;
            /**
             * Format: date-time
             * @description When the lease was granted.
             */
            assignedAt: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endedAt?: string | null;
            error?: components["schemas"]["RunError"] | null;
            /**
             * Format: int32
             * @description The exit code of the process.
             */
            exitCode?: number | null;
            /** @description Whether every line is stored. */
            logComplete: boolean;
            /**
             * Format: int64
             * @description How many log lines are stored.
             */
            logLines: number;
            /**
             * Format: int32
             * @description The number, from 1.
             */
            number: number;
            report?: components["schemas"]["RunReport"] | null;
            /**
             * Format: date-time
             * @description When the agent began.
             */
            startedAt?: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["AttemptState"];
        };
        /** @description The attempts of an execution. */
        AttemptList: {
            /** @description First to last. */
            items: components["schemas"]["Attempt"][];
        };
        /**
         * @description Where an attempt stands.
         * @enum {string}
         */
        AttemptState: "assigned" | "running" | "succeeded" | "failed" | "cancelled" | "timedOut" | "lost" | "released";
        /** @description Who asked. */
        AuditActor: {
            /** @description The id, where there is one. */
            id?: string | null;
            /** @description What kind. */
            kind: components["schemas"]["ActorKind"];
            /** @description The name at that time. */
            name: string;
        };
        /** @description A signed checkpoint of the hash chain. */
        AuditCheckpoint: {
            /** @description The hash of that entry, in hex. */
            hash: string;
            /** @description The Ed25519 key that signed it, in base64url. */
            key: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            madeAt: string;
            /**
             * Format: int64
             * @description The number of the last entry by then.
             */
            sequence: number;
            /**
             * @description The signature, in base64url, over `openautomate-audit-checkpoint-v1`, the number, the hash and the time in
             *     microseconds since 1970, a line each.
             */
            signature: string;
        };
        /** @description Signed checkpoints. */
        AuditCheckpoints: {
            /** @description At most 200, in order. */
            items: components["schemas"]["AuditCheckpoint"][];
        };
        /** @description An audit entry. */
        AuditEntry: {
            /** @description What was asked, as in `execution.enqueue`. */
            action: string;
            /** @description Who asked. */
            actor: components["schemas"]["AuditActor"];
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What changed; never the value of an input, an asset or a credential. */
            detail: Record<string, unknown>;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The address that asked. */
            ipAddress?: string | null;
            /** @description Its id. */
            objectId: string;
            /** @description What kind of thing it was done to. */
            objectKind: string;
            /** @description The request that asked. */
            requestId?: string | null;
            seal?: components["schemas"]["AuditSeal"] | null;
        };
        /** @description The place of an entry in the hash chain. */
        AuditSeal: {
            /** @description The hash of this entry, in hex. */
            hash: string;
            /** @description The hash of the entry before, in hex. */
            previous: string;
            /**
             * Format: int64
             * @description 1, 2, 3 … without a gap.
             */
            sequence: number;
        };
        /** @description What a backfill did. */
        Backfill: {
            /** @description The executions that were made, oldest due time first. */
            executions: string[];
            /**
             * Format: int32
             * @description The due times that had an execution already.
             */
            hadOne: number;
            /**
             * Format: int32
             * @description The due times that were left because of the overlap policy.
             */
            skipped: number;
        };
        /** @description Which due times. */
        BackfillRequest: {
            /**
             * Format: date-time
             * @description The first instant of the range.
             */
            from: string;
            /**
             * Format: int32
             * @description A range with more due times is refused; at most 1000, 100 if left out.
             */
            limit?: number | null;
            overlap?: components["schemas"]["OverlapPolicy"] | null;
            /**
             * Format: date-time
             * @description The end of the range, which does not belong to it.
             */
            to: string;
        };
        /** @description A storage bucket. */
        Bucket: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who made it.
             */
            createdById: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: uuid
             * @description Where it is.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: int64
             * @description How many bytes its objects may have in all.
             */
            maxBytes: number;
            /**
             * Format: int64
             * @description How many bytes an object may have.
             */
            maxObjectBytes: number;
            /**
             * Format: int64
             * @description How many objects it may hold.
             */
            maxObjects: number;
            /** @description The name. */
            name: string;
            /**
             * Format: int64
             * @description How many objects there are.
             */
            objectCount: number;
            /**
             * Format: int32
             * @description After how many days an object is removed that was not written again.
             */
            retentionDays?: number | null;
            /**
             * Format: int64
             * @description Raised with each change of the settings; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When its settings were last changed.
             */
            updatedAt: string;
            /**
             * Format: int64
             * @description The bytes of its objects.
             */
            usedBytes: number;
        };
        /** @description An object of a bucket. */
        BucketObject: {
            /** @description Its media type, as who wrote it said. It is served as another one if a browser would run it. */
            contentType: string;
            /** @description The tag for `If-Match` and `If-None-Match`: the hash in quotes. */
            etag: string;
            /**
             * Format: uuid
             * @description The execution that wrote it.
             */
            executionId?: string | null;
            /**
             * Format: uuid
             * @description The id of its content: another one with each writing.
             */
            id: string;
            /** @description What it is called. */
            key: string;
            /** @description SHA-256 of its content in hex. */
            sha256: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            size: number;
            /**
             * Format: date-time
             * @description When it was written.
             */
            writtenAt: string;
            /**
             * Format: uuid
             * @description The person who wrote it.
             */
            writtenById?: string | null;
        };
        /** @description What a bucket shall be. */
        BucketRequest: {
            /** @description What it is for. */
            description?: string;
            /**
             * Format: uuid
             * @description Where; the default environment if left out. It can't be changed.
             */
            environmentId?: string | null;
            /**
             * Format: int64
             * @description How many bytes its objects may have in all. Default 10 GiB.
             */
            maxBytes?: number | null;
            /**
             * Format: int64
             * @description How many bytes an object may have. Default 1 GiB.
             */
            maxObjectBytes?: number | null;
            /**
             * Format: int64
             * @description How many objects it may hold. Default 100,000.
             */
            maxObjects?: number | null;
            /**
             * @description The name, unique in its environment.
             * @example reports
             */
            name: string;
            /**
             * Format: int32
             * @description After how many days an object is removed that was not written again. Default: never.
             */
            retentionDays?: number | null;
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
        };
        /** @description A role that is always there and can't be changed. */
        BuiltInRoleView: {
            /** @description What it allows. */
            permissions: components["schemas"]["Permission"][];
            /** @description Which. */
            role: components["schemas"]["Role"];
        };
        /** @description What became of executions that were selected. */
        BulkView: {
            /** @description The executions that were cancelled, or the new ones. */
            done: string[];
            /** @description Whether the filter finds more than the limit allowed: ask again. */
            more: boolean;
            /** @description What could not be done. */
            refused: components["schemas"]["RefusedView"][];
        };
        /** @description A calendar. */
        Calendar: components["schemas"]["CalendarSummary"] & {
            /** @description The other days without work, by date. */
            days: components["schemas"]["DayOff"][];
        };
        /** @description What a calendar shall be. Its days come in one of three ways; with none of them only the weekend is off. */
        CalendarRequest: {
            /** @description The text of a CSV file: a date, a name and `yearly` in each line. */
            csv?: string | null;
            /** @description The days. */
            days?: components["schemas"]["DayOff"][] | null;
            /** @description The text of an iCalendar file: its whole-day events, once or every year. */
            icalendar?: string | null;
            /** @description The name, unique without regard to case. */
            name: string;
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /** @description The weekdays without work, as in `saturday`; not all seven. */
            weekend?: string[];
        };
        /**
         * @description What happens to a due time on a day without work.
         * @enum {string}
         */
        CalendarRule: "skip" | "runBefore" | "runAfter";
        /** @description A calendar in a list. */
        CalendarSummary: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description How many other days without work it has; one that comes every year counts once. */
            dayCount: number;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The name. */
            name: string;
            /**
             * Format: int64
             * @description Raised with each change, and when a schedule begins to use it; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
            /**
             * Format: uuid
             * @description Who changed it last.
             */
            updatedBy: string;
            /** @description The weekdays without work. */
            weekend: string[];
        };
        /** @description Executions to cancel. */
        CancelAllRequest: {
            /** @description Which. */
            select: components["schemas"]["SelectionRequest"];
        };
        /** @description Something to sign. */
        ChallengeView: {
            /** @description Good for a minute, and once. */
            challenge: string;
        };
        /** @description A dry run: a person who is there, or one who would have these roles. */
        CheckPermissionsRequest: {
            /** @description Instead of a person: the custom roles of one who is supposed; for those who manage people. */
            customRoles?: string[] | null;
            /**
             * Format: uuid
             * @description In which environment; everywhere, if it is left out.
             */
            environmentId?: string | null;
            /** @description What to decide; everything, if it is left out. */
            permissions?: components["schemas"]["Permission"][] | null;
            /** @description Instead of a person: the built-in roles of one who is supposed. */
            roles?: components["schemas"]["Role"][] | null;
            /** @description The scopes of an API key that they would come by. */
            scopes?: components["schemas"]["Permission"][] | null;
            /**
             * Format: uuid
             * @description Who; the caller, if neither a person nor roles are named. Others are for those who manage people.
             */
            userId?: string | null;
        };
        /** @description The decisions of a dry run. */
        CheckedPermissions: {
            /** @description One for each permission that was asked for, in the order of the table. */
            items: components["schemas"]["PermissionDecision"][];
        };
        /** @description An execution that another one asked for. */
        ChildExecution: {
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endedAt?: string | null;
            /** @description Why it failed, in a line. */
            errorMessage?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: uuid
             * @description Of which package.
             */
            packageId: string;
            /**
             * Format: date-time
             * @description When the first attempt began.
             */
            startedAt?: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["ExecutionState"];
        };
        /** @description The executions that another one asked for. */
        ChildList: {
            /** @description First to last. */
            items: components["schemas"]["ChildExecution"][];
        };
        /** @description An item to add with the completion of another one. */
        ChildRequest: {
            /** @description What it is. */
            item: components["schemas"]["ItemRequest"];
            /**
             * Format: uuid
             * @description To which queue; or give `queueName`.
             */
            queueId?: string | null;
            /** @description To the queue with this name in the same environment. */
            queueName?: string | null;
        };
        /** @description Which chunks. */
        ChunksRequest: {
            /** @description Their names: SHA-256 of their content in hex; at most 256. */
            hashes: string[];
        };
        /** @description A change of a zone's clocks, and what it does to the schedule. */
        ClockChange: {
            /**
             * Format: date-time
             * @description The first instant with the new offset.
             */
            at: string;
            /** @description What becomes of it. */
            effect: components["schemas"]["ClockChangeEffect"];
            /**
             * Format: date-time
             * @description The first wall-clock time that the schedule names among those that the change skips or repeats.
             */
            named?: string | null;
            /**
             * Format: int32
             * @description Seconds ahead of UTC from it on.
             */
            offsetAfter: number;
            /**
             * Format: int32
             * @description Seconds ahead of UTC before it.
             */
            offsetBefore: number;
        };
        /**
         * @description What a change of the clocks does to a schedule.
         * @enum {string}
         */
        ClockChangeEffect: "none" | "runsAfterGap" | "skipped" | "runsFirst" | "runsSecond" | "runsTwice";
        /** @description The item is done. */
        CompleteRequest: {
            /** @description Items that are added with it: all of it is there, or nothing. */
            children?: components["schemas"]["ChildRequest"][];
            /**
             * Format: int32
             * @description The `leaseEpoch` under which it was taken.
             */
            epoch: number;
            /** @description What came of it. */
            output?: unknown;
        };
        /** @description The group of which only so many run at once. */
        Concurrency: {
            /** @description The name of the group, of its environment. What is given may hold `{name}` for the input of that name. */
            key: string;
            /**
             * Format: int32
             * @description How many of the group may be with agents at once.
             */
            limit: number;
        };
        /** @description A code of the authenticator. */
        ConfirmTotpRequest: {
            /** @description The code that it shows. */
            totp: string;
        };
        /** @description A new pool. */
        CreateAgentPoolRequest: {
            /** @description What it is for. */
            description?: string;
            /**
             * Format: uuid
             * @description Of which environment; the default one if left out.
             */
            environmentId?: string | null;
            /** @description The name. */
            name: string;
        };
        /** @description A new key. */
        CreateApiKeyRequest: {
            /**
             * Format: int32
             * @description How many days it is good, 1 to 365. Default 90.
             */
            expiresInDays?: number | null;
            /** @description What to call it. */
            name: string;
            /** @description What it may be used for: at most what the caller may. */
            scopes: components["schemas"]["Permission"][];
        };
        /** @description A new environment. */
        CreateEnvironmentRequest: {
            /** @description The keys of the authors whose versions are deployed and run here; none for everybody's. */
            authorKeys?: string[];
            /** @description Whether somebody else than who asks has to agree to what is deployed here. */
            fourEyes?: boolean;
            /**
             * Format: int32
             * @description How many executions may be with agents at once; no limit if left out.
             */
            maxConcurrent?: number | null;
            /** @description The name. */
            name: string;
        };
        /** @description A new package. */
        CreatePackageRequest: {
            /** @description What it does. */
            description?: string;
            /** @description The name. */
            name: string;
        };
        /** @description A role that people made. */
        CustomRole: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The name, unique without regard to case. */
            name: string;
            /** @description What it allows. */
            permissions: components["schemas"]["Permission"][];
            /**
             * Format: int64
             * @description Raised with each change, and when somebody gets the role; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
        };
        /** @description A day without work. */
        DayOff: {
            /**
             * Format: date
             * @description The day, or the first of those that come every year.
             */
            date: string;
            /** @description What people call it. */
            name?: string;
            /**
             * Format: date
             * @description The last day on which it may come, if it comes every year and not for ever.
             */
            until?: string | null;
            /** @description Whether it comes every year. */
            yearly?: boolean;
        };
        /** @description The active version of a package in an environment. */
        Deployment: {
            /**
             * Format: date-time
             * @description When it was deployed.
             */
            deployedAt: string;
            /**
             * Format: uuid
             * @description By whom.
             */
            deployedById: string;
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description Which version.
             */
            versionId: string;
        };
        /** @description The deployments of a package. */
        DeploymentList: {
            /** @description One an environment at most. */
            items: components["schemas"]["Deployment"][];
        };
        /**
         * @description What happens to a due time that the clock skips.
         * @enum {string}
         */
        DstGap: "runAfter" | "skip";
        /**
         * @description What happens to a due time that comes twice.
         * @enum {string}
         */
        DstOverlap: "first" | "second" | "both";
        /**
         * @description Which ends of an execution count: it succeeded; it failed or ran out of time; any.
         * @enum {string}
         */
        EndedAs: "success" | "failure" | "any";
        /** @description Executions to run. */
        EnqueueAllRequest: {
            /** @description What to run, 1 to 1,000. */
            items: components["schemas"]["EnqueueRequest"][];
        };
        /** @description An execution to run. */
        EnqueueRequest: {
            /**
             * Format: uuid
             * @description The one agent that may run it.
             */
            agentId?: string | null;
            /**
             * Format: uuid
             * @description Where; the default environment if left out.
             */
            environmentId?: string | null;
            /** @description The inputs by name; the version's `inputsSchema` says what it takes. */
            inputs?: Record<string, unknown>;
            /** @description Labels that the agent must have, besides those of the package. */
            labels?: string[];
            options?: components["schemas"]["ExecutionOptions"] | null;
            /**
             * Format: uuid
             * @description Of which package; or give `packageName`.
             */
            packageId?: string | null;
            /** @description Of the package with this name. */
            packageName?: string | null;
            /**
             * Format: int32
             * @description Higher goes first; what the package says if left out.
             */
            priority?: number | null;
            /**
             * Format: date-time
             * @description Not before this instant.
             */
            runAt?: string | null;
            /**
             * Format: int64
             * @description The time limit of an attempt in milliseconds; what the package says if left out.
             */
            timeoutMs?: number | null;
            /**
             * Format: uuid
             * @description Of which version; the active one if left out.
             */
            versionId?: string | null;
        };
        /** @description The executions that were made. */
        EnqueuedView: {
            /** @description Their ids, in the order of the request. */
            ids: string[];
        };
        /** @description An agent that enrols itself. */
        EnrolRequest: {
            /** @description The machine's address; the one that the request comes from if left out. */
            ipAddress?: string | null;
            /** @description The machine's host name. */
            machineName: string;
            /** @description The name of a new agent; the machine's name if left out. */
            name?: string | null;
            /** @description The signature over `openautomate-enrol-v1`, a line feed and the token, in base64url without padding. */
            proof: string;
            /** @description The agent's Ed25519 key: 32 bytes in base64url without padding. */
            publicKey: string;
            /** @description The enrolment token. */
            token: string;
        };
        /** @description The caller's password. */
        EnrolTotpRequest: {
            /**
             * Format: password
             * @description The present password.
             */
            password: string;
        };
        /** @description What an authenticator is told. It is shown this once. */
        EnrolledTotpView: {
            /** @description The secret in base32, to be typed. */
            secret: string;
            /** @description The same as an address, to be shown as a picture. */
            uri: string;
        };
        /** @description Who the agent is now. */
        EnrolledView: {
            /**
             * Format: uuid
             * @description The agent's id.
             */
            agentId: string;
            /**
             * Format: uuid
             * @description Where it works.
             */
            environmentId: string;
            /** @description Its name. */
            name: string;
            /** @description The keys by which it checks that packages are what was published: Ed25519, base64url without padding. */
            packageKeys: string[];
        };
        /** @description What a token shall enrol. */
        EnrolmentTokenRequest: {
            /**
             * Format: uuid
             * @description The registered agent that it is for; a new agent if left out.
             */
            agentId?: string | null;
            /**
             * Format: uuid
             * @description The environment of a new agent; the default one if left out.
             */
            environmentId?: string | null;
            /**
             * Format: int64
             * @description How long it is good, at most a week; an hour if left out.
             */
            expiresInSeconds?: number | null;
            /** @description The labels of a new agent. */
            labels?: string[];
        };
        /** @description An environment. */
        Environment: {
            /**
             * @description The authors whose versions are deployed and run here, by their Ed25519 keys in base64url without padding;
             *     if there are none, everybody's are.
             */
            authorKeys: string[];
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description Whether somebody else than who asks has to agree to what is deployed here. */
            fourEyes: boolean;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Whether it is meant where a request names none. */
            isDefault: boolean;
            /**
             * Format: int32
             * @description How many executions may be with agents at once; `null` for no limit.
             */
            maxConcurrent?: number | null;
            /** @description The name. */
            name: string;
            pause?: components["schemas"]["EnvironmentPause"] | null;
            /**
             * Format: int64
             * @description Raised with each change.
             */
            revision: number;
        };
        /** @description All environments. */
        EnvironmentList: {
            /** @description Oldest first. */
            items: components["schemas"]["Environment"][];
        };
        /** @description Why nothing is given to the agents of an environment. */
        EnvironmentPause: {
            /**
             * Format: date-time
             * @description Since when.
             */
            at: string;
            /** @description Who paused it. */
            by: components["schemas"]["PausedBy"];
            /** @description Why, in their words. */
            reason: string;
            /**
             * Format: date-time
             * @description When it ends by itself; `null` until somebody resumes it.
             */
            until?: string | null;
        };
        /** @description The roles that a person has in one environment. They give there what is about what lives in an environment. */
        EnvironmentRoles: {
            /** @description The custom roles. */
            customRoles?: string[];
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /** @description The built-in roles. */
            roles?: components["schemas"]["Role"][];
        };
        /** @description Under which take. */
        EpochRequest: {
            /**
             * Format: int32
             * @description The `leaseEpoch` under which it was taken.
             */
            epoch: number;
        };
        /** @description An execution with everything that is known of it. */
        Execution: components["schemas"]["ExecutionSummary"] & {
            /** @description How many files it left. */
            artifactCount: number;
            /** @description First to last. */
            attempts: components["schemas"]["Attempt"][];
            concurrency?: components["schemas"]["Concurrency"] | null;
            error?: components["schemas"]["RunError"] | null;
            /**
             * Format: int32
             * @description How many attempts failed or were lost.
             */
            failedAttempts: number;
            /** @description The inputs by name. */
            inputs: Record<string, unknown>;
            /** @description The labels that its agent must have. */
            labels: string[];
            /** @description Where more is found. */
            links: components["schemas"]["ExecutionLinks"];
            /** @description The outputs by name, once it succeeded. */
            outputs?: Record<string, unknown> | null;
            /**
             * Format: uuid
             * @description The one agent that may run it.
             */
            pinnedAgentId?: string | null;
            /**
             * Format: uuid
             * @description The pool that its agent must be in.
             */
            poolId?: string | null;
            /**
             * Format: int64
             * @description How long it may wait for its first attempt in milliseconds.
             */
            queueTimeoutMs?: number | null;
            /** @description The operating system that its agent must have. */
            requiredOs?: string | null;
            /** @description The version specifier (PEP 440) that one of its agent's interpreters must satisfy. */
            requiredPython?: string | null;
            /** @description How often it is tried. */
            retry: components["schemas"]["RetryPolicy"];
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description Not before this instant; the end of the year 9999 while it waits for an approval.
             */
            runAt: string;
            /**
             * Format: int64
             * @description The time limit of one attempt in milliseconds.
             */
            timeoutMs?: number | null;
        };
        /** @description Where more of an execution is found. */
        ExecutionLinks: {
            /** @description The files. */
            artifacts: string;
            /** @description The attempts. */
            attempts: string;
            /** @description The executions that it asked for. */
            children: string;
            /** @description The log. */
            logs: string;
        };
        /** @description How executions are placed and repeated; what is left out is what the package says. */
        ExecutionOptions: {
            concurrency?: components["schemas"]["Concurrency"] | null;
            /** @description The operating system of the agent: `linux`, `windows` or `macos`. */
            os?: string | null;
            /** @description The name of the pool that the agent is in. */
            pool?: string | null;
            /** @description A version specifier (PEP 440) that one of the agent's interpreters satisfies, as in `>=3.11`. */
            python?: string | null;
            /**
             * Format: int64
             * @description How long an execution may wait for its first attempt, in milliseconds.
             */
            queueTimeoutMs?: number | null;
            retry?: components["schemas"]["RetryOptions"] | null;
        };
        /**
         * @description Where an execution stands.
         * @enum {string}
         */
        ExecutionState: "Pending" | "Assigned" | "Running" | "Waiting" | "Succeeded" | "Failed" | "Cancelled" | "TimedOut";
        /** @description An execution, as lists show it. */
        ExecutionSummary: {
            /**
             * Format: int32
             * @description The number of the last attempt; 0 before the first.
             */
            attempt: number;
            /**
             * Format: uuid
             * @description The agent of the last attempt.
             */
            botAgentId?: string | null;
            /**
             * Format: date-time
             * @description When a cancel was asked for.
             */
            cancelRequestedAt?: string | null;
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endTime?: string | null;
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /** @description Why it failed, in a line. */
            errorMessage?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Who or what asked for it. */
            origin: components["schemas"]["Origin"];
            /**
             * Format: uuid
             * @description Of which package.
             */
            packageId: string;
            /** @description Its name. */
            packageName: string;
            /**
             * Format: int32
             * @description Higher goes first.
             */
            priority: number;
            progress?: components["schemas"]["Progress"] | null;
            /**
             * Format: uuid
             * @description The schedule that made it.
             */
            scheduleId?: string | null;
            /**
             * Format: date-time
             * @description When the first attempt began.
             */
            startTime?: string | null;
            /** @description The same as `status`. */
            state: components["schemas"]["ExecutionState"];
            /** @description Where it stands. */
            status: components["schemas"]["ExecutionState"];
            /**
             * Format: uuid
             * @description The exact version.
             */
            versionId: string;
            /** @description Its number. */
            versionNumber: string;
        };
        /** @description Why an execution does not run. */
        Explanation: {
            /**
             * Format: int64
             * @description How many executions of its environment that are due come before it; `null` if it is not Pending.
             */
            ahead?: number | null;
            /**
             * Format: date-time
             * @description As of when.
             */
            at: string;
            /**
             * Format: uuid
             * @description The execution.
             */
            executionId: string;
            /**
             * @description Everything that holds it back; nothing if the next agent with a free slot that suits it gets it, after those
             *     that come before.
             */
            reasons: components["schemas"]["HoldReason"][];
            /** @description Where it stands. */
            state: components["schemas"]["ExecutionState"];
        };
        /** @description What an agent tells of its machine. */
        FactsView: {
            /** @description The version of the agent program. */
            agentVersion: string;
            /** @description As in `x86_64`. */
            arch: string;
            /**
             * Format: int32
             * @description How many processors it has.
             */
            cpus: number;
            /**
             * Format: int64
             * @description The disk that its data lies on, in bytes; 0 if it does not tell.
             */
            diskBytes: number;
            /** @description Whether it takes releases of its program from here: it trusts a release key, and something restarts it. */
            isUpdatable: boolean;
            /**
             * Format: int64
             * @description Its memory in bytes; 0 if it does not tell.
             */
            memoryBytes: number;
            /** @description `linux` or `windows`. */
            os: string;
            /** @description The Python versions found, as in `3.12.1`. */
            pythonVersions: string[];
        };
        /** @description The item failed. */
        FailRequest: {
            /** @description A word of your own, as in `INVALID_IBAN`. */
            code?: string | null;
            /**
             * Format: int32
             * @description The `leaseEpoch` under which it was taken.
             */
            epoch: number;
            /** @description `business` if the item itself is wrong, so that trying again would not help; `application` otherwise. */
            kind: components["schemas"]["ItemErrorKind"];
            /** @description What happened. */
            message: string;
        };
        /** @description A file that somebody uploaded as an input. */
        File: {
            /** @description Its media type. */
            contentType: string;
            /**
             * Format: date-time
             * @description When it was uploaded.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who uploaded it.
             */
            createdById: string;
            /**
             * Format: date-time
             * @description From when on it is removed, unless an execution or a schedule uses it.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The id: what inputs name.
             */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description SHA-256 of its content in hex. */
            sha256: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            size: number;
        };
        /** @description What became of one due time. */
        Firing: {
            /** @description Why it fired. */
            cause: components["schemas"]["FiringCause"];
            /**
             * Format: date-time
             * @description The due time.
             */
            dueAt: string;
            /**
             * Format: int64
             * @description How many due times it stands for: more than one where many were missed and skipped together.
             */
            dueTimes: number;
            /**
             * Format: uuid
             * @description The execution that it made; `null` if it was skipped.
             */
            executionId?: string | null;
            /**
             * Format: date-time
             * @description When it was decided.
             */
            firedAt: string;
            /**
             * Format: uuid
             * @description Who asked for it, where somebody did.
             */
            requestedBy?: string | null;
            /**
             * Format: int64
             * @description The revision of the schedule that it was decided by.
             */
            scheduleRevision?: number | null;
            /**
             * @description Why it was skipped: `overlap`; `misfire`; `paused`; `noActiveVersion`; `untrustedVersion`; `invalidInputs` if
             *     the version that was active does not take the schedule's inputs; `invalidOptions` if its executions can't be
             *     placed as is said.
             */
            skipped?: string | null;
        };
        /**
         * @description Why a schedule fired.
         * @enum {string}
         */
        FiringCause: "due" | "backfill" | "runNow";
        /** @description Firings of a schedule. */
        FiringList: {
            /** @description The latest due time first. */
            items: components["schemas"]["Firing"][];
            /**
             * Format: date-time
             * @description The `before` of the next page; `null` on the last.
             */
            next?: string | null;
        };
        /** @description Where the chain breaks. */
        FirstBadView: {
            /** @description What is wrong with it. */
            reason: string;
            /**
             * Format: int64
             * @description The entry's number in the chain.
             */
            sequence: number;
        };
        /** @description The end of the chain. */
        HeadView: {
            /** @description The hash of the last, in hex. */
            hash: string;
            /**
             * Format: int64
             * @description How many entries are sealed.
             */
            sequence: number;
        };
        /**
         * @description One thing that holds an execution back. The fields beside `kind` and `message` are those of the kind: `ended`;
         *     `leased` (`agentId`, `leaseUntil`); `versionNotReady` (`agentId`, `state`, `reason`, `since`); `environmentPaused`
         *     (`at`, `by`, `reason`, `until`); `runAtLater` (`runAt`); `backOff` (`until`, `failedAttempts`); `approval`; `overdue`;
         *     `limit` (`scope`, `key`, `limit`, `held`, `heldBy`); `noAgent`; `noSuitableAgent` (`agents`, `lacking`);
         *     `agentsResting` (`agents`, `count`); `agentsAway` (`agents`, `count`, `since`); `slotsHeld` (`agents`, `count`,
         *     `heldBy`).
         */
        HoldReason: Record<string, unknown> & {
            /** @description It as a sentence. */
            message: string;
        };
        /** @description The execution that a webhook made. */
        HookAnswer: {
            /**
             * Format: uuid
             * @description Its id.
             */
            executionId: string;
        };
        /** @description A host on which an agent's key was alive. */
        HostView: {
            /** @description Its address; left out for those who may not manage agents. */
            ipAddress?: string | null;
            /** @description Its host name. */
            machineName: string;
            /**
             * Format: date-time
             * @description When it connected last.
             */
            seenAt?: string | null;
        };
        /** @description What became of an import. */
        ImportedView: {
            /**
             * Format: int64
             * @description How many items were added.
             */
            added: number;
            /**
             * Format: int64
             * @description How many lines became no item.
             */
            rejected: number;
            /** @description The first thousand of them. A repeated request is answered without them. */
            rejectedLines: components["schemas"]["RejectedView"][];
        };
        /** @description An invitation. The token is shown this once. */
        InvitationView: {
            /**
             * Format: date-time
             * @description After this instant it is no good.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Goes into `invitationToken` of `/api/auth/register`. */
            token: string;
        };
        /** @description Who is invited. */
        InviteRequest: {
            /** @description The address; the account gets this one. */
            email: string;
            /** @description The roles that the account gets. */
            roles: components["schemas"]["Role"][];
        };
        /**
         * @description How far a run was kept from harming the machine.
         * @enum {string}
         */
        IsolationLevel: "L0" | "L1" | "L2";
        /**
         * @description Whose fault it was that a work item failed.
         * @enum {string}
         */
        ItemErrorKind: "application" | "business" | "abandoned";
        /** @description An item to add. */
        ItemRequest: {
            /**
             * Format: date-time
             * @description Not before this instant.
             */
            deferUntil?: string | null;
            /**
             * Format: date-time
             * @description Until when it should be done; earlier goes first among those of one priority.
             */
            dueAt?: string | null;
            /** @description Uploaded files that belong to it. */
            files?: string[];
            /** @description What is to be done: any JSON, at most 128 KiB. */
            payload?: unknown;
            /**
             * Format: int32
             * @description Higher goes first. Default 0.
             */
            priority?: number;
            /** @description What people know it by, 1 to 200 characters. */
            reference?: string | null;
        };
        /** @description Where a browser goes to link an account. */
        LinkView: {
            /** @description The address at the provider. */
            location: string;
        };
        /** @description An account at an identity provider, by which somebody signs in. */
        LinkedAccount: {
            /**
             * Format: date-time
             * @description When it was linked.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The address of the provider. */
            issuer: string;
            /**
             * Format: date-time
             * @description When they last signed in by it.
             */
            lastLogin?: string | null;
            /** @description The name of the provider in addresses; `null` if it is configured no more. */
            provider?: string | null;
            /** @description How people know the provider; its address if it is configured no more. */
            title: string;
        };
        /** @description The accounts at identity providers by which somebody signs in. */
        LinkedAccounts: {
            /** @description The oldest first. */
            items: components["schemas"]["LinkedAccount"][];
        };
        /** @description A page of a list. */
        Listed_Agent: {
            /** @description The items, newest first. */
            items: {
                /** @description Whether it is connected at this moment. */
                connected: boolean;
                /**
                 * Format: date-time
                 * @description Until when it is drained, if it is for a time.
                 */
                drainUntil?: string | null;
                /** @description Whether it has a key. */
                enrolled: boolean;
                /**
                 * Format: uuid
                 * @description Where it works.
                 */
                environmentId: string;
                /** @description What it told of its machine. */
                facts: components["schemas"]["FactsView"];
                /**
                 * Format: int64
                 * @description How long ago it was last heard of, in milliseconds.
                 */
                heartbeatAgeMs: number;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The machine's address; left out for those who may not manage agents. */
                ipAddress?: string | null;
                /** @description What it can do; executions may require labels. */
                labels: string[];
                /**
                 * Format: date-time
                 * @description When it was last heard of.
                 */
                lastHeartbeat: string;
                /** @description The machine's host name. */
                machineName: string;
                /** @description When it takes nothing new. */
                maintenanceWindows: components["schemas"]["MaintenanceWindow"][];
                /** @description The name. */
                name: string;
                /**
                 * Format: uuid
                 * @description Who registered it, or made the token that enrolled it.
                 */
                ownerId: string;
                /** @description The pools that it is in. */
                poolIds: string[];
                quarantine?: components["schemas"]["QuarantineView"] | null;
                /**
                 * Format: date-time
                 * @description When it was registered.
                 */
                registeredAt: string;
                rest?: components["schemas"]["Rest"] | null;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /**
                 * Format: int32
                 * @description How many executions it runs at once, as it last told.
                 */
                slots: number;
                /** @description What it may do. */
                status: components["schemas"]["AgentStatus"];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AgentPool: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                createdAt: string;
                /** @description What it is for. */
                description: string;
                /**
                 * Format: uuid
                 * @description Of which environment.
                 */
                environmentId: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The name, by which packages, triggers and schedules ask for it. */
                name: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AgentPreparation: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: uuid
                 * @description Which agent.
                 */
                agentId: string;
                /**
                 * Format: date-time
                 * @description When it said so.
                 */
                at: string;
                /** @description Why it failed. */
                reason?: string | null;
                /** @description How far it is. */
                state: components["schemas"]["PreparationState"];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AgentRelease: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was uploaded.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description By whom.
                 */
                createdById: string;
                /** @description The uploaded program of each target, by its triple. */
                files: {
                    [key: string]: string;
                };
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The manifest as it was signed, to the byte. */
                manifest: string;
                /**
                 * Format: int64
                 * @description The ETag.
                 */
                revision: number;
                /** @description The signature over the manifest. */
                signature: components["schemas"]["Signed"];
                /** @description Its version. */
                version: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AgentRollout: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who asked for it.
                 */
                createdById: string;
                /**
                 * Format: int64
                 * @description How long an agent may take from its restart until it is healthy.
                 */
                deadlineSeconds: number;
                /**
                 * Format: date-time
                 * @description When it ended.
                 */
                endedAt?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Whether an agent that has maintenance windows is updated within one only. */
                inWindows: boolean;
                /** @description Why it stopped. */
                reason?: string | null;
                /**
                 * Format: uuid
                 * @description Which release.
                 */
                releaseId: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /**
                 * Format: int64
                 * @description How long the agents of a stage have to be healthy before the next begins.
                 */
                soakSeconds: number;
                /**
                 * Format: int32
                 * @description The stage that is under way, from 0.
                 */
                stage: number;
                /**
                 * Format: date-time
                 * @description Since when all agents of that stage are healthy.
                 */
                stageHealthyAt?: string | null;
                /** @description How many agents each stage has. */
                stages: number[];
                /** @description Where it stands. */
                state: components["schemas"]["AgentRolloutState"];
                /** @description Which agents were asked for. */
                target: components["schemas"]["RolloutTarget"];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AgentUpdate: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: uuid
                 * @description Which agent.
                 */
                agentId: string;
                /**
                 * Format: date-time
                 * @description When it came to be so.
                 */
                changedAt: string;
                /** @description Why it failed. */
                reason?: string | null;
                /**
                 * Format: int32
                 * @description In which stage, from 0.
                 */
                stage: number;
                /** @description How far it is. */
                state: components["schemas"]["AgentUpdateState"];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_ApiKey: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description From this instant it is no good.
                 */
                expiresAt: string;
                /** @description The eight characters behind `oa_pat_`, to find it again by. */
                hint: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: date-time
                 * @description When it was last used, to the minute.
                 */
                lastUsedAt?: string | null;
                /** @description What the person calls it. */
                name: string;
                /**
                 * Format: date-time
                 * @description When it was revoked.
                 */
                revokedAt?: string | null;
                /** @description What it may be used for; never more than the person may at the moment. */
                scopes: components["schemas"]["Permission"][];
                /**
                 * Format: uuid
                 * @description Whose.
                 */
                userId: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Approval: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                answeredAt?: string | null;
                /**
                 * Format: uuid
                 * @description Who answered; `null` for the default.
                 */
                answeredById?: string | null;
                /** @description The only people who may answer; empty for all who may answer approvals. */
                approverIds: string[];
                /**
                 * Format: int32
                 * @description The attempt that asked last.
                 */
                attempt: number;
                /** @description What whoever answered said of it. */
                comment: string;
                /**
                 * Format: date-time
                 * @description When it was asked first.
                 */
                createdAt: string;
                /** @description What whoever answers has to know. */
                data: unknown;
                /** @description Whether the default is a yes. */
                defaultApprove: boolean;
                /**
                 * Format: uuid
                 * @description Whose question.
                 */
                executionId: string;
                /**
                 * Format: date-time
                 * @description When the default is taken for an answer.
                 */
                expiresAt?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Which question of the execution. */
                key: string;
                /** @description What is asked. */
                question: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                role?: components["schemas"]["Role"] | null;
                /** @description Where it stands. */
                state: components["schemas"]["ApprovalState"];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Asset: {
            /** @description The items, newest first. */
            items: {
                /** @description The names of the packages whose executions may read it; left out if all of the environment may. */
                allowedPackages?: string[] | null;
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                createdAt: string;
                /** @description What it is for. */
                description: string;
                /**
                 * Format: uuid
                 * @description Where it holds.
                 */
                environmentId: string;
                /** @description The name of the file, if it is one. */
                fileName?: string | null;
                /**
                 * Format: int64
                 * @description The size of the file in bytes.
                 */
                fileSize?: number | null;
                /** @description What the value is. */
                format: components["schemas"]["AssetFormat"];
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Whether people may read the value. */
                kind: components["schemas"]["AssetKind"];
                /** @description The name. */
                name: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description When it was written last.
                 */
                updatedAt: string;
                /**
                 * Format: uuid
                 * @description Who wrote it last.
                 */
                updatedById: string;
                /** @description The value of a plain asset, where one asset is shown: a text, or what the JSON says. */
                value?: unknown;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_AuditEntry: {
            /** @description The items, newest first. */
            items: {
                /** @description What was asked, as in `execution.enqueue`. */
                action: string;
                /** @description Who asked. */
                actor: components["schemas"]["AuditActor"];
                /**
                 * Format: date-time
                 * @description When.
                 */
                at: string;
                /** @description What changed; never the value of an input, an asset or a credential. */
                detail: Record<string, unknown>;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The address that asked. */
                ipAddress?: string | null;
                /** @description Its id. */
                objectId: string;
                /** @description What kind of thing it was done to. */
                objectKind: string;
                /** @description The request that asked. */
                requestId?: string | null;
                seal?: components["schemas"]["AuditSeal"] | null;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Bucket: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who made it.
                 */
                createdById: string;
                /** @description What it is for. */
                description: string;
                /**
                 * Format: uuid
                 * @description Where it is.
                 */
                environmentId: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: int64
                 * @description How many bytes its objects may have in all.
                 */
                maxBytes: number;
                /**
                 * Format: int64
                 * @description How many bytes an object may have.
                 */
                maxObjectBytes: number;
                /**
                 * Format: int64
                 * @description How many objects it may hold.
                 */
                maxObjects: number;
                /** @description The name. */
                name: string;
                /**
                 * Format: int64
                 * @description How many objects there are.
                 */
                objectCount: number;
                /**
                 * Format: int32
                 * @description After how many days an object is removed that was not written again.
                 */
                retentionDays?: number | null;
                /**
                 * Format: int64
                 * @description Raised with each change of the settings; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description When its settings were last changed.
                 */
                updatedAt: string;
                /**
                 * Format: int64
                 * @description The bytes of its objects.
                 */
                usedBytes: number;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_CalendarSummary: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                createdAt: string;
                /** @description How many other days without work it has; one that comes every year counts once. */
                dayCount: number;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The name. */
                name: string;
                /**
                 * Format: int64
                 * @description Raised with each change, and when a schedule begins to use it; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updatedAt: string;
                /**
                 * Format: uuid
                 * @description Who changed it last.
                 */
                updatedBy: string;
                /** @description The weekdays without work. */
                weekend: string[];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_ExecutionSummary: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: int32
                 * @description The number of the last attempt; 0 before the first.
                 */
                attempt: number;
                /**
                 * Format: uuid
                 * @description The agent of the last attempt.
                 */
                botAgentId?: string | null;
                /**
                 * Format: date-time
                 * @description When a cancel was asked for.
                 */
                cancelRequestedAt?: string | null;
                /**
                 * Format: date-time
                 * @description When it was asked for.
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description When it ended.
                 */
                endTime?: string | null;
                /**
                 * Format: uuid
                 * @description Where.
                 */
                environmentId: string;
                /** @description Why it failed, in a line. */
                errorMessage?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Who or what asked for it. */
                origin: components["schemas"]["Origin"];
                /**
                 * Format: uuid
                 * @description Of which package.
                 */
                packageId: string;
                /** @description Its name. */
                packageName: string;
                /**
                 * Format: int32
                 * @description Higher goes first.
                 */
                priority: number;
                progress?: components["schemas"]["Progress"] | null;
                /**
                 * Format: uuid
                 * @description The schedule that made it.
                 */
                scheduleId?: string | null;
                /**
                 * Format: date-time
                 * @description When the first attempt began.
                 */
                startTime?: string | null;
                /** @description The same as `status`. */
                state: components["schemas"]["ExecutionState"];
                /** @description Where it stands. */
                status: components["schemas"]["ExecutionState"];
                /**
                 * Format: uuid
                 * @description The exact version.
                 */
                versionId: string;
                /** @description Its number. */
                versionNumber: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_OpenInvitation: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who invited.
                 */
                createdBy?: string | null;
                /** @description The address that it was made for. */
                email: string;
                /**
                 * Format: date-time
                 * @description After this instant it is no good.
                 */
                expiresAt: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The roles that the account gets. */
                roles: components["schemas"]["Role"][];
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_OpenSession: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When it began.
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description It ends then, unless it is ended before.
                 */
                expiresAt: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The address that last used it. */
                ipAddress?: string | null;
                /** @description Whether it is the one that asks. */
                isCurrent: boolean;
                /**
                 * Format: date-time
                 * @description When it was last used, to within the life of an access token.
                 */
                lastUsedAt: string;
                /** @description How it was signed in to. */
                method: components["schemas"]["SignInMethod"];
                /** @description The program that last used it, as it names itself. */
                userAgent?: string | null;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Package: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who made it.
                 */
                creatorId: string;
                /** @description What it does. */
                description: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: int32
                 * @description How many of its executions may be with agents at once in an environment; `null` for no limit.
                 */
                maxConcurrent?: number | null;
                /** @description The name. */
                name: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description When it, or one of its versions, was last changed.
                 */
                updatedAt: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_PackageVersion: {
            /** @description The items, newest first. */
            items: {
                /** @description The environments in which they do. */
                activeIn: string[];
                author?: components["schemas"]["Signed"] | null;
                /**
                 * Format: date-time
                 * @description When it was published.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description By whom.
                 */
                createdById: string;
                /** @description SHA-256 of the index of its content in hex: the same content has the same, however it was packed. */
                digest: string;
                /** @description Where the archive can be downloaded. */
                filePath: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * @description What its executions take as inputs, as JSON Schema (draft 2020-12); `null` takes anything. Beyond its words
                 *     there are the formats `file` (the id of an uploaded file), `asset` (the name of an asset) and `decimal`,
                 *     `x-order` for the order of properties and `x-enum-names` for the names of values. Left out of lists.
                 */
                inputsSchema?: Record<string, unknown> | null;
                /** @description Whether executions that name no version take this one, in the default environment. */
                isActive: boolean;
                /** @description What the archive says of itself. */
                manifest: Record<string, unknown>;
                /**
                 * Format: uuid
                 * @description Of which package.
                 */
                packageId: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /** @description The repository's signature over package, number and digest: Ed25519, base64url without padding. */
                signature: components["schemas"]["Signed"];
                /**
                 * Format: int64
                 * @description The bytes of all its files.
                 */
                size: number;
                /** @description The SemVer number. */
                versionNumber: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Rollout: {
            /** @description The items, newest first. */
            items: {
                /** @description What whoever decided said. */
                comment: string;
                /**
                 * Format: date-time
                 * @description When.
                 */
                decidedAt?: string | null;
                /**
                 * Format: uuid
                 * @description Who decided.
                 */
                decidedById?: string | null;
                /**
                 * Format: uuid
                 * @description Where.
                 */
                environmentId: string;
                /**
                 * Format: uuid
                 * @description Where it is promoted from.
                 */
                fromEnvironmentId?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Why. */
                kind: components["schemas"]["RolloutKind"];
                /**
                 * Format: uuid
                 * @description Of which package.
                 */
                packageId: string;
                /**
                 * Format: uuid
                 * @description The version that it replaced, or would have replaced when it was asked for.
                 */
                previousVersionId?: string | null;
                /**
                 * Format: date-time
                 * @description When.
                 */
                requestedAt: string;
                /**
                 * Format: uuid
                 * @description Who asked for it.
                 */
                requestedById: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /** @description Where it stands. */
                state: components["schemas"]["RolloutState"];
                /**
                 * Format: uuid
                 * @description Which version.
                 */
                versionId: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Schedule: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: uuid
                 * @description The calendar of days without work that it looks at.
                 */
                calendarId?: string | null;
                /** @description What happens to due times on those days. */
                calendarRule: components["schemas"]["CalendarRule"];
                /**
                 * Format: int64
                 * @description Older ones than this are skipped, in milliseconds.
                 */
                catchupWindowMs: number;
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who made it.
                 */
                createdById: string;
                /** @description When, as a crontab line. */
                cronExpression: string;
                /** @description What happens to a due time that the clock skips. */
                dstGap: components["schemas"]["DstGap"];
                /** @description What happens to a due time that comes twice. */
                dstOverlap: components["schemas"]["DstOverlap"];
                /**
                 * Format: date-time
                 * @description Not at or after.
                 */
                endsAt?: string | null;
                /**
                 * Format: uuid
                 * @description Where.
                 */
                environmentId: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description The inputs of each execution. */
                inputs: Record<string, unknown>;
                /** @description Whether it fires. */
                isActive: boolean;
                /**
                 * Format: int64
                 * @description The longest delay after a due time, in milliseconds.
                 */
                jitterMs: number;
                /**
                 * Format: date-time
                 * @description The last due time that was decided on.
                 */
                lastDue?: string | null;
                /**
                 * Format: int32
                 * @description At most this many of them are made up for.
                 */
                maxCatchup: number;
                /** @description What happens to due times that passed while no server ran. */
                misfire: components["schemas"]["MisfirePolicy"];
                /** @description A name for people. */
                name: string;
                /**
                 * Format: date-time
                 * @description The next due time; `null` if it is inactive or will never fire again.
                 */
                nextDue?: string | null;
                /**
                 * Format: date-time
                 * @description When it fires then: after its jitter.
                 */
                nextFire?: string | null;
                /** @description How its executions are placed and repeated, where not as the package says. */
                options: components["schemas"]["ExecutionOptions"];
                /** @description What happens when the last execution still runs. */
                overlap: components["schemas"]["OverlapPolicy"];
                /**
                 * Format: uuid
                 * @description What is run.
                 */
                packageId: string;
                pause?: components["schemas"]["Pause"] | null;
                /**
                 * Format: int32
                 * @description After so many executions in a row that failed or ran out of time, it pauses by itself.
                 */
                pauseAfterFailures?: number | null;
                /**
                 * Format: date-time
                 * @description A due time that waits for the running execution to end.
                 */
                queuedDue?: string | null;
                /**
                 * Format: int64
                 * @description Raised with each change and each firing; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description Not before.
                 */
                startsAt?: string | null;
                /** @description In which IANA time zone. */
                timeZone: string;
                /**
                 * Format: date-time
                 * @description When it was last changed by somebody.
                 */
                updatedAt: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_Trigger: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who made it.
                 */
                createdById: string;
                /**
                 * Format: uuid
                 * @description Where.
                 */
                environmentId: string;
                /** @description Where a webhook is sent. */
                hookPath?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /** @description Inputs that are the same each time. */
                inputs: Record<string, unknown>;
                /** @description Whether it fires. */
                isActive: boolean;
                /** @description Further inputs by name, each with a JSON Pointer to its value. */
                mapping: {
                    [key: string]: string;
                };
                /** @description A name for people. */
                name: string;
                /**
                 * Format: uuid
                 * @description What is run.
                 */
                packageId: string;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /** @description What it waits for. */
                source: components["schemas"]["TriggerSource"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updatedAt: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_User: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: date-time
                 * @description When the account was made.
                 */
                createdAt: string;
                /** @description The custom roles that the person has besides. */
                customRoles: string[];
                /** @description Whether the person is kept from signing in. */
                disabled: boolean;
                /** @description The address. */
                email: string;
                /** @description The roles that the person has in single environments besides. */
                environmentRoles: components["schemas"]["EnvironmentRoles"][];
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: date-time
                 * @description When the person last signed in.
                 */
                lastLogin?: string | null;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /** @description What the person may do. */
                roles: components["schemas"]["Role"][];
                /** @description The name to sign in with. */
                username: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_WorkItemSummary: {
            /** @description The items, newest first. */
            items: {
                /**
                 * Format: int32
                 * @description How often it was taken; what was released does not count.
                 */
                attempts: number;
                /**
                 * Format: date-time
                 * @description From when on it may be taken: the end of the wish, or of the back-off.
                 */
                availableAt: string;
                /**
                 * Format: date-time
                 * @description When it was added.
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description Not before this instant, by the wish of whoever added it.
                 */
                deferUntil?: string | null;
                /**
                 * Format: date-time
                 * @description Until when it should be done.
                 */
                dueAt?: string | null;
                /**
                 * Format: date-time
                 * @description When it ended.
                 */
                endedAt?: string | null;
                error?: components["schemas"]["WorkItemError"] | null;
                /**
                 * Format: uuid
                 * @description The execution that took it last, if one did.
                 */
                executionId?: string | null;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: int32
                 * @description The number of the last take; 0 before the first.
                 */
                leaseEpoch: number;
                /**
                 * Format: date-time
                 * @description Until when it is the caller's who took it.
                 */
                leaseUntil?: string | null;
                /**
                 * Format: uuid
                 * @description The item whose completion added this one.
                 */
                parentId?: string | null;
                /**
                 * Format: int32
                 * @description Higher goes first.
                 */
                priority: number;
                /**
                 * Format: uuid
                 * @description In which queue.
                 */
                queueId: string;
                /** @description What people know it by. */
                reference?: string | null;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /**
                 * Format: date-time
                 * @description When it was last taken.
                 */
                startedAt?: string | null;
                /** @description Where it stands. */
                state: components["schemas"]["WorkItemState"];
                /**
                 * Format: uuid
                 * @description Who took it last through the API, if somebody did.
                 */
                takenById?: string | null;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Listed_WorkQueue: {
            /** @description The items, newest first. */
            items: {
                /** @description Whether an item is tried again by itself. */
                autoRetry: boolean;
                /**
                 * Format: int64
                 * @description The wait after the first application error in milliseconds.
                 */
                backoffMs: number;
                /**
                 * Format: date-time
                 * @description When.
                 */
                createdAt: string;
                /**
                 * Format: uuid
                 * @description Who made it.
                 */
                createdById: string;
                /** @description What it is for. */
                description: string;
                /**
                 * Format: uuid
                 * @description Where it is.
                 */
                environmentId: string;
                /**
                 * Format: uuid
                 * @description The id.
                 */
                id: string;
                /**
                 * Format: int64
                 * @description How long an item is a caller's, in milliseconds.
                 */
                leaseMs: number;
                /**
                 * Format: int32
                 * @description How often an item is taken before it becomes a `DeadLetter`.
                 */
                maxAttempts: number;
                /** @description The name. */
                name: string;
                /** @description What payloads look like. */
                payloadSchema?: Record<string, unknown> | null;
                /**
                 * Format: int64
                 * @description Raised with each change; the ETag.
                 */
                revision: number;
                /** @description Whether references are unique. */
                uniqueReferences: boolean;
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updatedAt: string;
            }[];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A ticket. */
        LiveTicketView: {
            /**
             * Format: int64
             * @description How long it waits to be used, in seconds.
             */
            expiresIn: number;
            /** @description Goes among the subprotocols, behind `ticket.`; opens one connection. */
            ticket: string;
        };
        /**
         * @description How severe a log line is.
         * @enum {string}
         */
        LogLevel: "debug" | "info" | "warning" | "error" | "critical";
        /** @description A log line. */
        LogLine: {
            /**
             * Format: int32
             * @description The attempt's number.
             */
            attempt: number;
            /** @description How severe it is. */
            level: components["schemas"]["LogLevel"];
            /** @description The name of the Python logger. */
            logger?: string | null;
            /**
             * Format: int64
             * @description 1, 2, 3 … within the attempt.
             */
            seq: number;
            /** @description `file:line` of the call that logged. */
            source?: string | null;
            /** @description Where it came from. */
            stream: components["schemas"]["LogStream"];
            /** @description The text, secrets masked. */
            text: string;
            /**
             * Format: date-time
             * @description When it was written, by the clock of the agent's machine.
             */
            time: string;
        };
        /** @description A page of a log. */
        LogPage: {
            /** @description Whether the execution has ended and these are its last lines. */
            complete: boolean;
            /** @description The lines, in order. */
            items: components["schemas"]["LogLine"][];
            /** @description The `after` of the next page; `null` if no more lines are stored at this moment. */
            next?: string | null;
        };
        /**
         * @description Where a log line came from.
         * @enum {string}
         */
        LogStream: "stdout" | "stderr" | "logging" | "system";
        /** @description Who signs in. */
        LoginRequest: {
            /** @description Keeps the refresh token in a cookie that no script can read, in place of telling it: for pages of this server. */
            cookie?: boolean;
            /**
             * Format: password
             * @description The password.
             */
            password: string;
            /** @description A recovery code, in place of it. */
            recoveryCode?: string | null;
            /** @description The code of the authenticator, for who has one: without it the answer is 401 with code `totpRequired`. */
            totp?: string | null;
            /** @description The user name or the address. */
            username: string;
        };
        /** @description A time in which an agent takes nothing new: `once`, or `recurring` by a crontab line. */
        MaintenanceWindow: {
            /** @description Of `recurring`: when it begins, as a crontab line. */
            cronExpression?: string | null;
            /**
             * Format: int64
             * @description Of `recurring`: how long it lasts in milliseconds, a minute to seven days.
             */
            durationMs?: number | null;
            /**
             * Format: date-time
             * @description Of `once`: until before this one.
             */
            endsAt?: string | null;
            /** @description `once` or `recurring`. */
            kind: string;
            /**
             * Format: date-time
             * @description Of `once`: from this instant.
             */
            startsAt?: string | null;
            /** @description Of `recurring`: in which IANA time zone. */
            timeZone?: string | null;
        };
        /** @description What the caller may in one environment. */
        MeInEnvironment: {
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /** @description What, with what the caller may everywhere. */
            permissions: components["schemas"]["Permission"][];
        };
        /** @description Who the caller is, and what they may do. */
        MeView: components["schemas"]["User"] & {
            /** @description The names of the custom roles that the caller has everywhere. */
            customRoleNames: components["schemas"]["NamedRole"][];
            /** @description What the caller may besides, in single environments. */
            environments: components["schemas"]["MeInEnvironment"][];
            /**
             * @description What the caller may everywhere: what their roles allow, and with an API key no more than it is for. Whoever has
             *     `ReadPackages` or `ReadEnvironments` in some environment has it here too; the list of environments shows theirs.
             */
            permissions: components["schemas"]["Permission"][];
            /** @description Whether an authenticator must be enrolled before anything else is allowed. */
            totpEnrolmentRequired: boolean;
        };
        /**
         * @description What happens to due times that passed while no server ran.
         * @enum {string}
         */
        MisfirePolicy: "skip" | "latest" | "all";
        /** @description How many items were moved. */
        MovedView: {
            /**
             * Format: int64
             * @description So many; at most 10,000 a call.
             */
            count: number;
        };
        /** @description A custom role by its name. */
        NamedRole: {
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The name. */
            name: string;
        };
        /** @description A new release. */
        NewAgentRelease: {
            /** @description The program of each target of the manifest, by its triple: the id of a file that was uploaded to `/api/files`. */
            files: {
                [key: string]: string;
            };
            /** @description The manifest, to the byte, as `openautomate-agent release sign` writes it. */
            manifest: string;
            /** @description The signature of the release key over the manifest. */
            signature: components["schemas"]["Signed"];
        };
        /** @description What to bring to whom. */
        NewAgentRollout: {
            /**
             * Format: int64
             * @description How long an agent may take from its restart until it is healthy; ten minutes if left out.
             */
            deadlineSeconds?: number | null;
            /** @description Whether an agent that has maintenance windows is updated within one only. */
            inWindows?: boolean;
            /**
             * Format: uuid
             * @description Which release.
             */
            releaseId: string;
            /**
             * Format: int64
             * @description How long the agents of a stage have to be healthy before the next begins; ten minutes if left out.
             */
            soakSeconds?: number | null;
            /**
             * @description How many agents come first, and then, as in `[{"count": 1}, {"percent": 20}]`; the rest follows at last. All at
             *     once if left out.
             */
            stages?: components["schemas"]["AgentRolloutStage"][];
            /** @description To which agents. */
            target: components["schemas"]["RolloutTarget"];
        };
        /** @description A key that was made. */
        NewApiKeyView: components["schemas"]["ApiKey"] & {
            /** @description The key. It is shown this once; it goes into the header `Authorization: Bearer …`. */
            key: string;
        };
        /** @description A trigger with what is shown once. */
        NewTrigger: components["schemas"]["Trigger"] & {
            /** @description What the sender of a webhook signs with. It is never shown again. */
            secret?: string | null;
        };
        /** @description A page of a bucket. */
        ObjectList: {
            /** @description The objects, by key in the order of bytes. */
            items: components["schemas"]["BucketObject"][];
            /** @description The `cursor` of the next page; `null` on the last. */
            next?: string | null;
            /** @description What folded keys begin with. */
            prefixes: string[];
        };
        /**
         * @description What a vanished agent means: the execution fails, or is tried again.
         * @enum {string}
         */
        OnAgentLost: "fail" | "retry";
        /** @description An invitation that may be accepted. Its token was shown when it was made. */
        OpenInvitation: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who invited.
             */
            createdBy?: string | null;
            /** @description The address that it was made for. */
            email: string;
            /**
             * Format: date-time
             * @description After this instant it is no good.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The roles that the account gets. */
            roles: components["schemas"]["Role"][];
        };
        /** @description A place where somebody is signed in. */
        OpenSession: {
            /**
             * Format: date-time
             * @description When it began.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description It ends then, unless it is ended before.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The address that last used it. */
            ipAddress?: string | null;
            /** @description Whether it is the one that asks. */
            isCurrent: boolean;
            /**
             * Format: date-time
             * @description When it was last used, to within the life of an access token.
             */
            lastUsedAt: string;
            /** @description How it was signed in to. */
            method: components["schemas"]["SignInMethod"];
            /** @description The program that last used it, as it names itself. */
            userAgent?: string | null;
        };
        /** @description Who or what asked for an execution. */
        Origin: {
            /**
             * Format: uuid
             * @description The execution whose end it followed, for `trigger`.
             */
            after?: string | null;
            cause?: components["schemas"]["FiringCause"] | null;
            /**
             * Format: date-time
             * @description The due time, for `schedule`.
             */
            dueAt?: string | null;
            /** @description `manual`, `schedule`, `retry`, `trigger`, `child` or `embedded`. */
            kind: string;
            /**
             * Format: uuid
             * @description The execution that is repeated, for `retry`.
             */
            of?: string | null;
            /**
             * Format: uuid
             * @description The execution whose run asked for it, for `child`.
             */
            parent?: string | null;
            /**
             * Format: uuid
             * @description The schedule, for `schedule`.
             */
            scheduleId?: string | null;
            /**
             * Format: uuid
             * @description The trigger, for `trigger`.
             */
            triggerId?: string | null;
            /**
             * Format: uuid
             * @description The person, for `manual` and `retry`.
             */
            userId?: string | null;
        };
        /**
         * @description What happens at a due time while the last execution still runs.
         * @enum {string}
         */
        OverlapPolicy: "allow" | "skip" | "queueOne" | "cancelRunning";
        /** @description A package. */
        Package: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who made it.
             */
            creatorId: string;
            /** @description What it does. */
            description: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: int32
             * @description How many of its executions may be with agents at once in an environment; `null` for no limit.
             */
            maxConcurrent?: number | null;
            /** @description The name. */
            name: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When it, or one of its versions, was last changed.
             */
            updatedAt: string;
        };
        /** @description A published version; its content never changes. */
        PackageVersion: {
            /** @description The environments in which they do. */
            activeIn: string[];
            author?: components["schemas"]["Signed"] | null;
            /**
             * Format: date-time
             * @description When it was published.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description By whom.
             */
            createdById: string;
            /** @description SHA-256 of the index of its content in hex: the same content has the same, however it was packed. */
            digest: string;
            /** @description Where the archive can be downloaded. */
            filePath: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * @description What its executions take as inputs, as JSON Schema (draft 2020-12); `null` takes anything. Beyond its words
             *     there are the formats `file` (the id of an uploaded file), `asset` (the name of an asset) and `decimal`,
             *     `x-order` for the order of properties and `x-enum-names` for the names of values. Left out of lists.
             */
            inputsSchema?: Record<string, unknown> | null;
            /** @description Whether executions that name no version take this one, in the default environment. */
            isActive: boolean;
            /** @description What the archive says of itself. */
            manifest: Record<string, unknown>;
            /**
             * Format: uuid
             * @description Of which package.
             */
            packageId: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /** @description The repository's signature over package, number and digest: Ed25519, base64url without padding. */
            signature: components["schemas"]["Signed"];
            /**
             * Format: int64
             * @description The bytes of all its files.
             */
            size: number;
            /** @description The SemVer number. */
            versionNumber: string;
        };
        /**
         * @description What an execution gets of a file that arrived: its content, or its path alone.
         * @enum {string}
         */
        PassAs: "file" | "path";
        /** @description A change of password. */
        PasswordRequest: {
            /**
             * Format: password
             * @description The present password.
             */
            currentPassword: string;
            /**
             * Format: password
             * @description The new one, at least 8 characters.
             */
            newPassword: string;
        };
        /** @description A new password. */
        PasswordResetRequest: {
            /**
             * Format: password
             * @description The new password, at least 8 characters.
             */
            password: string;
            /** @description The token of the link. */
            token: string;
        };
        /** @description A link to a new password. The token is shown this once. */
        PasswordResetView: {
            /**
             * Format: date-time
             * @description After this instant it is no good.
             */
            expiresAt: string;
            /** @description Goes into `token` of `POST /api/auth/password-reset`. */
            token: string;
        };
        /** @description Why a schedule rests. */
        Pause: {
            /**
             * Format: date-time
             * @description Since when.
             */
            at: string;
            /** @description Who paused it; the system does after failures. */
            by: components["schemas"]["PausedBy"];
            /** @description Why, in their words. */
            reason: string;
        };
        /** @description Why, and for how long. */
        PauseEnvironmentRequest: {
            /** @description For those who find it paused, 1 to 500 characters. */
            reason: string;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /**
             * Format: date-time
             * @description When it ends by itself; if left out, when somebody resumes it.
             */
            until?: string | null;
        };
        /** @description Why. */
        PauseRequest: {
            /** @description For those who find it paused, 1 to 500 characters. */
            reason: string;
        };
        /** @description Who did something. */
        PausedBy: {
            /** @description The id, if it has one. */
            id?: string | null;
            /** @description What kind of actor. */
            kind: components["schemas"]["ActorKind"];
            /** @description The name at that time. */
            name: string;
        };
        /**
         * @description What can be allowed.
         * @enum {string}
         */
        Permission: "ManageUsers" | "EnrolAgents" | "ManageAgents" | "ReadAgents" | "ManageReleases" | "WritePackages" | "DeployVersions" | "DeletePackages" | "ReadPackages" | "DownloadPackages" | "RunExecutions" | "CancelExecutions" | "ReadExecutions" | "WriteSchedules" | "ReadSchedules" | "ManageCalendars" | "WriteTriggers" | "ReadTriggers" | "AnswerApprovals" | "WriteAssets" | "ReadAssets" | "WriteQueues" | "WriteWorkItems" | "ReadQueues" | "ManageBuckets" | "WriteObjects" | "ReadObjects" | "ReadEnvironments" | "ManageEnvironments" | "PauseEnvironments" | "ReadAudit" | "ReadSettings";
        /** @description Whether somebody may do something, and why. */
        PermissionDecision: {
            /** @description Whether they may. */
            allowed: boolean;
            /** @description What gives it, whether or not it counts. */
            by: components["schemas"]["PermissionGrant"][];
            /** @description What was asked. */
            permission: components["schemas"]["Permission"];
            /**
             * @description Why they may not: `noRole`, `elsewhere` (a role gives it, but in other environments), `scopes` (the API key is not
             *     for it), `disabled` (the person is).
             */
            withheld?: string | null;
        };
        /** @description What gives a permission: a built-in role, or one that people made. */
        PermissionGrant: {
            /**
             * Format: uuid
             * @description The role that people made.
             */
            customRoleId?: string | null;
            /**
             * Format: uuid
             * @description The environment, if the person has the role in this one alone.
             */
            environmentId?: string | null;
            /** @description The role's name. */
            name: string;
            role?: components["schemas"]["Role"] | null;
        };
        /** @description A permission. */
        PermissionInfo: {
            /** @description Its name. */
            permission: components["schemas"]["Permission"];
            /** @description Whether Administrators alone have it, so that only they put it into roles. */
            reserved: boolean;
            /** @description The built-in roles that have it. */
            roles: components["schemas"]["Role"][];
            /**
             * @description Whether a role in a single environment gives it: `environment`, there; `shared`, everywhere; `installation`, not
             *     at all.
             */
            scope: string;
            /** @description What it allows, in words. */
            words: string;
        };
        /** @description The table of permissions. */
        PermissionList: {
            /** @description Every permission. */
            items: components["schemas"]["PermissionInfo"][];
        };
        /**
         * @description How far an agent is with a version.
         * @enum {string}
         */
        PreparationState: "waiting" | "fetching" | "building" | "ready" | "failed";
        /** @description Settings to try. */
        PreviewRequest: {
            /**
             * Format: uuid
             * @description The calendar of days without work.
             */
            calendarId?: string | null;
            calendarRule?: components["schemas"]["CalendarRule"] | null;
            /** @description How many due times, at most 100; 10 if left out. */
            count?: number | null;
            /**
             * @description The crontab line.
             * @example 0 9 * * MON-FRI
             */
            cronExpression: string;
            dstGap?: components["schemas"]["DstGap"] | null;
            dstOverlap?: components["schemas"]["DstOverlap"] | null;
            /**
             * Format: date-time
             * @description Not at or after.
             */
            endsAt?: string | null;
            /**
             * Format: date-time
             * @description From when; now if left out.
             */
            from?: string | null;
            /**
             * Format: date-time
             * @description Not before.
             */
            startsAt?: string | null;
            /** @description The IANA time zone; UTC if left out. */
            timeZone?: string | null;
        };
        /** @description A problem document (RFC 9457). */
        Problem: {
            /** @description The stable code. */
            code: string;
            /** @description What happened, to what, and what to do next. */
            detail: string;
            /** @description All fields that are wrong, at most 20. */
            errors?: components["schemas"]["WrongField"][];
            /** @description The camelCase path of the field that is wrong; the first of several. */
            field?: string | null;
            /**
             * @description What a caller can act on: `invalid`, `unauthenticated`, `forbidden`, `notFound`, `conflict`,
             *     `staleLease`, `quotaExceeded`, `unsupported`, `unavailable` or `internal`.
             */
            kind: string;
            /** @description The id of the request, as in the header `x-request-id` and in the server's log. */
            requestId?: string | null;
            /**
             * Format: int32
             * @description The status of the answer.
             */
            status: number;
            /** @description The kind of problem for people. */
            title: string;
            /** @description A name for this kind of problem: `urn:openautomate:error:` and the code. */
            type: string;
        };
        /** @description How far a run says it is. */
        Progress: {
            /**
             * Format: double
             * @description 0 to 1.
             */
            fraction: number;
            /** @description What it does at the moment. */
            message?: string | null;
        };
        /** @description What is promoted. */
        PromoteRequest: {
            /**
             * Format: uuid
             * @description The environment whose active version it is.
             */
            from: string;
            /**
             * Format: uuid
             * @description Where it shall be the active one, too.
             */
            to: string;
        };
        /** @description An identity provider. */
        ProviderView: {
            /** @description Its name in addresses. */
            name: string;
            /** @description How people know it. */
            title: string;
        };
        /** @description The identity providers at which people may sign in. */
        ProvidersView: {
            /** @description In the order in which the operator named them. */
            items: components["schemas"]["ProviderView"][];
        };
        /** @description That an agent's key is alive on two hosts; neither may connect until somebody releases the agent. */
        QuarantineView: {
            /** @description The two hosts, as they tell of themselves. */
            hosts: components["schemas"]["HostView"][];
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
        };
        /** @description What a queue shall be. */
        QueueRequest: {
            /** @description Whether an item is tried again by itself. Default: yes. */
            autoRetry?: boolean | null;
            /**
             * Format: int64
             * @description The wait after the first application error in milliseconds; it doubles with each further one. Default a minute.
             */
            backoffMs?: number | null;
            /** @description What it is for. */
            description?: string;
            /**
             * Format: uuid
             * @description Where; the default environment if left out. It can't be changed.
             */
            environmentId?: string | null;
            /**
             * Format: int64
             * @description How long an item is a caller's who took it through the API, in milliseconds. Default five minutes.
             */
            leaseMs?: number | null;
            /**
             * Format: int32
             * @description How often an item is taken before it becomes a `DeadLetter`. Default 3.
             */
            maxAttempts?: number | null;
            /**
             * @description The name, unique in its environment.
             * @example invoices
             */
            name: string;
            /** @description What payloads of items that are added from now on look like, as JSON Schema (draft 2020-12). */
            payloadSchema?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /** @description Whether references of items that are added from now on are unique in the queue. Default: no. */
            uniqueReferences?: boolean;
        };
        /** @description Recovery codes: each signs in once in place of a code. They are shown this once. */
        RecoveryCodesView: {
            /** @description The codes. */
            recoveryCodes: string[];
        };
        /** @description A refresh token. */
        RefreshRequest: {
            /** @description The newest one of the session. Left out where a cookie holds it. */
            refreshToken?: string | null;
        };
        /** @description An execution to which it could not be done. */
        RefusedView: {
            /** @description Why, for programs. */
            code: string;
            /** @description Why. */
            detail: string;
            /**
             * Format: uuid
             * @description Which.
             */
            id: string;
        };
        /** @description A new agent. */
        RegisterAgentRequest: {
            /**
             * Format: uuid
             * @description Where it works; the default environment if left out.
             */
            environmentId?: string | null;
            /**
             * @description The machine's address.
             * @example 192.168.1.100
             */
            ipAddress: string;
            /** @description What it can do. */
            labels?: string[];
            /**
             * @description The machine's host name.
             * @example FINANCE-PC-01
             */
            machineName: string;
            /**
             * @description The name.
             * @example Finance-Bot-01
             */
            name: string;
        };
        /** @description A new account. */
        RegisterRequest: {
            /** @description The address; that of the invitation, where one is given. */
            email: string;
            /** @description The token of the invitation, or of the set-up link. */
            invitationToken?: string | null;
            /**
             * Format: password
             * @description At least 8 characters.
             */
            password: string;
            /** @description The name to sign in with. */
            username: string;
        };
        /** @description An agent, as it is registered: the answer to a registration. */
        RegisteredAgentView: {
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The machine's address. */
            ipAddress: string;
            /**
             * Format: date-time
             * @description When it was last heard of; the time of the registration until it connects.
             */
            lastHeartbeat: string;
            /** @description The machine's host name. */
            machineName: string;
            /** @description The name. */
            name: string;
            /**
             * Format: uuid
             * @description Who registered it.
             */
            ownerId: string;
            /**
             * Format: date-time
             * @description When it was registered.
             */
            registeredAt: string;
            /** @description What it may do. */
            status: components["schemas"]["AgentStatus"];
        };
        /** @description A line that became no item. */
        RejectedView: {
            /**
             * Format: int64
             * @description Which line, from 1.
             */
            line: number;
            /** @description What is wrong with it. */
            message: string;
        };
        /** @description Why an agent takes nothing new: `disabled`, `draining` or `maintenance`. */
        Rest: {
            /** @description `disabled`, `draining` or `maintenance`. */
            kind: string;
            /**
             * Format: date-time
             * @description Until when, if that is known.
             */
            until?: string | null;
        };
        /** @description Executions to run once more. */
        RetryAllRequest: {
            /** @description Whether the version that is active by now is run, in place of the same. */
            activeVersion?: boolean;
            /** @description Which. */
            select: components["schemas"]["SelectionRequest"];
        };
        /** @description How failed attempts are repeated; what is left out is what the package says. */
        RetryOptions: {
            /**
             * Format: double
             * @description What the wait is multiplied with for each further attempt, 1 to 100.
             */
            backoffFactor?: number | null;
            /**
             * Format: int64
             * @description The wait before the second attempt in milliseconds.
             */
            backoffMs?: number | null;
            /** @description Whether the wait is anything from nothing to that. */
            jitter?: boolean | null;
            /**
             * Format: int32
             * @description How many attempts may fail before the execution does.
             */
            maxAttempts?: number | null;
            /**
             * Format: int64
             * @description The longest wait in milliseconds, at most a day.
             */
            maxBackoffMs?: number | null;
            onAgentLost?: components["schemas"]["OnAgentLost"] | null;
            /**
             * @description The kinds of errors that are repeated: classes of exceptions, `ExitCode`, `TimedOut`, `AgentLost`; an empty
             *     list for all.
             */
            onlyErrors?: string[] | null;
        };
        /** @description How often a failed attempt is repeated. */
        RetryPolicy: {
            /**
             * Format: double
             * @description What the wait is multiplied with for each further attempt.
             */
            backoffFactor: number;
            /**
             * Format: int64
             * @description The wait before the second attempt in milliseconds.
             */
            backoffMs: number;
            /** @description Whether the wait is anything from nothing to that. */
            jitter: boolean;
            /**
             * Format: int32
             * @description How many attempts may fail before the execution does.
             */
            maxAttempts: number;
            /**
             * Format: int64
             * @description The longest wait in milliseconds.
             */
            maxBackoffMs: number;
            /** @description What a vanished agent means. */
            onAgentLost: components["schemas"]["OnAgentLost"];
            /** @description The kinds of errors that are repeated; all if it is empty. */
            onlyErrors: string[];
        };
        /** @description What is different the next time. */
        RetryRequest: {
            /** @description Whether the version that is active by now is run, in place of the same. */
            activeVersion?: boolean;
            /** @description Other inputs; those of the old execution if left out. */
            inputs?: Record<string, unknown> | null;
        };
        /**
         * @description What a person may do.
         * @enum {string}
         */
        Role: "Administrator" | "Operator" | "Developer" | "Viewer";
        /** @description All roles. */
        RoleList: {
            /** @description Those that are always there. */
            builtIn: components["schemas"]["BuiltInRoleView"][];
            /** @description Those that people made, oldest first. */
            items: components["schemas"]["CustomRole"][];
        };
        /** @description What a role shall be. */
        RoleRequest: {
            /** @description What it is for. */
            description?: string;
            /** @description The name, unique without regard to case, and none of the built-in roles'. */
            name: string;
            /**
             * @description What it allows; at least one permission. What Administrators alone have, only an Administrator puts in; nobody
             *     puts in what they may not do themselves.
             */
            permissions: components["schemas"]["Permission"][];
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
        };
        /** @description Where it is rolled back. */
        RollBackRequest: {
            /**
             * Format: uuid
             * @description Where; the default environment if left out.
             */
            environmentId?: string | null;
        };
        /** @description A wish to make a version the active one of an environment, and what became of it. */
        Rollout: {
            /** @description What whoever decided said. */
            comment: string;
            /**
             * Format: date-time
             * @description When.
             */
            decidedAt?: string | null;
            /**
             * Format: uuid
             * @description Who decided.
             */
            decidedById?: string | null;
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description Where it is promoted from.
             */
            fromEnvironmentId?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Why. */
            kind: components["schemas"]["RolloutKind"];
            /**
             * Format: uuid
             * @description Of which package.
             */
            packageId: string;
            /**
             * Format: uuid
             * @description The version that it replaced, or would have replaced when it was asked for.
             */
            previousVersionId?: string | null;
            /**
             * Format: date-time
             * @description When.
             */
            requestedAt: string;
            /**
             * Format: uuid
             * @description Who asked for it.
             */
            requestedById: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /** @description Where it stands. */
            state: components["schemas"]["RolloutState"];
            /**
             * Format: uuid
             * @description Which version.
             */
            versionId: string;
        };
        /**
         * @description Why a version shall be deployed: somebody chose it; it is active elsewhere; it was active before.
         * @enum {string}
         */
        RolloutKind: "deploy" | "promote" | "rollBack";
        /**
         * @description Where a rollout stands: somebody else has to agree; deployed; refused; taken back.
         * @enum {string}
         */
        RolloutState: "waiting" | "done" | "rejected" | "withdrawn";
        /** @description Which agents a release of their program is for: `all`; those of a `pool` (`poolId`); those with a `label` (`label`). */
        RolloutTarget: {
            /** @description `all`, `pool` or `label`. */
            kind: string;
            /** @description Of `label`: which. */
            label?: string | null;
            /**
             * Format: uuid
             * @description Of `pool`: which.
             */
            poolId?: string | null;
        };
        /** @description Why a run failed. */
        RunError: {
            /** @description The traceback as structure, outermost call first. */
            frames: components["schemas"]["TraceFrame"][];
            /**
             * @description The exception's class, or `ExitCode`, `Signal`, `Timeout`, `Cancelled`, `AgentLost`, `StartFailed`,
             *     `PackageInvalid` or `QueueTimeout`.
             */
            kind: string;
            /** @description The message, secrets masked. */
            message: string;
            /** @description The traceback as Python prints it. */
            traceback?: string | null;
        };
        /** @description What the agent saw of a run from outside. */
        RunReport: {
            /** @description The level that was reached. */
            isolation: components["schemas"]["IsolationLevel"];
            /**
             * Format: int32
             * @description Processes that it had left behind when it ended, and that were killed.
             */
            leftBehind: number;
            stop?: components["schemas"]["StopProof"] | null;
        };
        /** @description A schedule that was saved. */
        SavedSchedule: components["schemas"]["Schedule"] & {
            /** @description What to know of it, as of due times that fall into one of the next two changes of the clocks. */
            warnings: components["schemas"]["ScheduleWarning"][];
        };
        /** @description A schedule. */
        Schedule: {
            /**
             * Format: uuid
             * @description The calendar of days without work that it looks at.
             */
            calendarId?: string | null;
            /** @description What happens to due times on those days. */
            calendarRule: components["schemas"]["CalendarRule"];
            /**
             * Format: int64
             * @description Older ones than this are skipped, in milliseconds.
             */
            catchupWindowMs: number;
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who made it.
             */
            createdById: string;
            /** @description When, as a crontab line. */
            cronExpression: string;
            /** @description What happens to a due time that the clock skips. */
            dstGap: components["schemas"]["DstGap"];
            /** @description What happens to a due time that comes twice. */
            dstOverlap: components["schemas"]["DstOverlap"];
            /**
             * Format: date-time
             * @description Not at or after.
             */
            endsAt?: string | null;
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description The inputs of each execution. */
            inputs: Record<string, unknown>;
            /** @description Whether it fires. */
            isActive: boolean;
            /**
             * Format: int64
             * @description The longest delay after a due time, in milliseconds.
             */
            jitterMs: number;
            /**
             * Format: date-time
             * @description The last due time that was decided on.
             */
            lastDue?: string | null;
            /**
             * Format: int32
             * @description At most this many of them are made up for.
             */
            maxCatchup: number;
            /** @description What happens to due times that passed while no server ran. */
            misfire: components["schemas"]["MisfirePolicy"];
            /** @description A name for people. */
            name: string;
            /**
             * Format: date-time
             * @description The next due time; `null` if it is inactive or will never fire again.
             */
            nextDue?: string | null;
            /**
             * Format: date-time
             * @description When it fires then: after its jitter.
             */
            nextFire?: string | null;
            /** @description How its executions are placed and repeated, where not as the package says. */
            options: components["schemas"]["ExecutionOptions"];
            /** @description What happens when the last execution still runs. */
            overlap: components["schemas"]["OverlapPolicy"];
            /**
             * Format: uuid
             * @description What is run.
             */
            packageId: string;
            pause?: components["schemas"]["Pause"] | null;
            /**
             * Format: int32
             * @description After so many executions in a row that failed or ran out of time, it pauses by itself.
             */
            pauseAfterFailures?: number | null;
            /**
             * Format: date-time
             * @description A due time that waits for the running execution to end.
             */
            queuedDue?: string | null;
            /**
             * Format: int64
             * @description Raised with each change and each firing; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description Not before.
             */
            startsAt?: string | null;
            /** @description In which IANA time zone. */
            timeZone: string;
            /**
             * Format: date-time
             * @description When it was last changed by somebody.
             */
            updatedAt: string;
        };
        /** @description Why a schedule does not fire, or did not. */
        ScheduleExplanation: {
            /**
             * Format: date-time
             * @description At which instant.
             */
            at: string;
            /** @description The last firings, the latest due time first. */
            decisions: components["schemas"]["Firing"][];
            /** @description Every reason for which a due time now would make no execution, or for which there is none; empty if it fires. */
            holds: components["schemas"]["ScheduleHold"][];
            /**
             * Format: date-time
             * @description The next due time.
             */
            nextDue?: string | null;
            /**
             * Format: date-time
             * @description When it fires then: after its jitter.
             */
            nextFire?: string | null;
        };
        /** @description One reason. */
        ScheduleHold: {
            /** Format: date-time */
            at?: string | null;
            by?: components["schemas"]["PausedBy"] | null;
            /** @enum {string} */
            kind: "paused";
            reason?: string | null;
        } | {
            /** @enum {string} */
            kind: "notStarted";
            /** Format: date-time */
            startsAt: string;
        } | {
            /** Format: date-time */
            endsAt: string;
            /** @enum {string} */
            kind: "ended";
        } | {
            /** @enum {string} */
            kind: "nothingDue";
        } | {
            /** Format: uuid */
            calendarId: string;
            /** Format: date-time */
            dueAt: string;
            /** @enum {string} */
            kind: "calendar";
            name: string;
            rule: components["schemas"]["CalendarRule"];
        } | {
            /** Format: uuid */
            executionId: string;
            /** @enum {string} */
            kind: "overlap";
            policy: components["schemas"]["OverlapPolicy"];
            state: components["schemas"]["ExecutionState"];
        } | {
            /** Format: date-time */
            dueAt: string;
            /** @enum {string} */
            kind: "queued";
        } | {
            /** @enum {string} */
            kind: "noActiveVersion";
        } | {
            /** @enum {string} */
            kind: "untrustedVersion";
        } | {
            fields: string[];
            /** @enum {string} */
            kind: "invalidInputs";
        } | {
            /** @enum {string} */
            kind: "invalidOptions";
            message: string;
        } | {
            /** Format: date-time */
            dueAt: string;
            /** @enum {string} */
            kind: "late";
            /** Format: int64 */
            lateMs: number;
        };
        /** @description What the settings mean. */
        SchedulePreview: {
            /** @description The next two changes of the zone's clocks, within two years. */
            clockChanges: components["schemas"]["ClockChange"][];
            /** @description The next due times. */
            dueTimes: string[];
            /** @description When it fires at each of them: after its jitter. Only of a saved schedule, on whose id the jitter depends. */
            fireTimes?: string[] | null;
            /**
             * Format: int64
             * @description The shortest time between two due times by the wall clock, in seconds.
             */
            shortestIntervalSeconds?: number | null;
            /** @description What they do to it. */
            warnings: components["schemas"]["ScheduleWarning"][];
            /** @description The version of the IANA time zone database that was looked into. */
            zoneDatabase: string;
        };
        /** @description What a schedule shall be. */
        ScheduleRequest: {
            /**
             * Format: uuid
             * @description The calendar of days without work that it looks at.
             */
            calendarId?: string | null;
            calendarRule?: components["schemas"]["CalendarRule"] | null;
            /**
             * Format: int64
             * @description Older ones than this are skipped, in milliseconds.
             */
            catchupWindowMs?: number | null;
            /**
             * @description When, as a crontab line.
             * @example 0 9 * * MON-FRI
             */
            cronExpression: string;
            dstGap?: components["schemas"]["DstGap"] | null;
            dstOverlap?: components["schemas"]["DstOverlap"] | null;
            /**
             * Format: date-time
             * @description Not at or after.
             */
            endsAt?: string | null;
            /**
             * Format: uuid
             * @description Where; the default environment if left out.
             */
            environmentId?: string | null;
            /** @description The inputs of each execution. */
            inputs?: Record<string, unknown>;
            /** @description Whether it fires. If left out, a new one does, and a changed one stays as it is. */
            isActive?: boolean | null;
            /**
             * Format: int64
             * @description The longest delay after a due time, in milliseconds: at most 30 minutes, and shorter than the time between two
             *     due times. Each due time has its own, always the same.
             */
            jitterMs?: number;
            /**
             * Format: int32
             * @description At most this many of them are made up for.
             */
            maxCatchup?: number | null;
            misfire?: components["schemas"]["MisfirePolicy"] | null;
            /** @description A name for people; the expression if left out of a new one. */
            name?: string | null;
            options?: components["schemas"]["ExecutionOptions"] | null;
            overlap?: components["schemas"]["OverlapPolicy"] | null;
            /**
             * Format: uuid
             * @description What is run: its active version at the due time.
             */
            packageId: string;
            /**
             * Format: int32
             * @description After so many executions in a row that failed or ran out of time, it pauses by itself; 1 to 1000.
             */
            pauseAfterFailures?: number | null;
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /**
             * Format: date-time
             * @description Not before.
             */
            startsAt?: string | null;
            /**
             * @description In which IANA time zone; UTC if left out.
             * @example Europe/Berlin
             */
            timeZone?: string | null;
        };
        /** @description What to know before keeping such a schedule. */
        ScheduleWarning: {
            /** @description A stable name: `schedule.clockChange`. */
            code: string;
            /** @description What, for people. */
            message: string;
        };
        /** @description Which executions: `ids`, or a filter of the other fields. */
        SelectionRequest: {
            /**
             * Format: uuid
             * @description Last leased to this agent.
             */
            agentId?: string | null;
            /**
             * Format: uuid
             * @description In this environment.
             */
            environmentId?: string | null;
            /** @description These, up to 10,000. */
            ids?: string[] | null;
            /** @description How many at most, up to 10,000; the newest. Default 1,000. */
            limit?: number | null;
            /**
             * Format: uuid
             * @description Of this package.
             */
            packageId?: string | null;
            /**
             * Format: uuid
             * @description Made by this schedule.
             */
            scheduleId?: string | null;
            /** @description In one of these states, with commas between. */
            state?: string | null;
        };
        /** @description A session. */
        SessionView: {
            /** @description Goes into the header `Authorization: Bearer …` of each request. */
            accessToken: string;
            /**
             * Format: int64
             * @description How long the access token is good, in seconds.
             */
            expiresIn: number;
            /**
             * Format: date-time
             * @description After this instant no refresh is accepted.
             */
            refreshExpiresAt: string;
            /** @description Trades for the next session at `/api/auth/refresh`, once. Left out where a cookie holds it. */
            refreshToken?: string | null;
            /** @description `Bearer`. */
            tokenType: string;
            /** @description Who signed in. */
            user: components["schemas"]["User"];
        };
        /**
         * @description How a session was signed in to: by password; by an account at an identity provider.
         * @enum {string}
         */
        SignInMethod: "password" | "external";
        /** @description A signed challenge. */
        SignatureRequest: {
            /** @description The challenge. */
            challenge: string;
            /**
             * @description The signature over `openautomate-agent-v1`, a line feed and the challenge, in base64url without
             *     padding.
             */
            signature: string;
        };
        /** @description A signature and the key that made it. */
        Signed: {
            /** @description The Ed25519 key, in base64url without padding. */
            key: string;
            /** @description The signature, in base64url without padding. */
            signature: string;
        };
        /** @description How a queue does. */
        StatisticsView: {
            /**
             * Format: int64
             * @description How many of the `New` ones could be taken now.
             */
            available: number;
            /** @description How many items are in each state. */
            counts: Record<string, unknown>;
            /**
             * Format: int64
             * @description How many ended otherwise in the window.
             */
            failed: number;
            /**
             * Format: int64
             * @description How long those that succeeded took from their last take on, on average, in milliseconds.
             */
            meanHandlingMs?: number | null;
            /**
             * Format: int32
             * @description The window, in minutes.
             */
            minutes: number;
            /**
             * Format: date-time
             * @description When the oldest of the `New` ones was added.
             */
            oldestNewAt?: string | null;
            /**
             * Format: int64
             * @description How many became `Successful` in the window.
             */
            succeeded: number;
        };
        /** @description The proof that a run which was stopped is over. */
        StopProof: {
            /**
             * Format: date-time
             * @description When the run was told, or killed where it is not asked first.
             */
            deliveredAt: string;
            /**
             * Format: date-time
             * @description When no process of it was left.
             */
            emptyAt?: string | null;
            /** @description Whether it had to be killed. */
            killed: boolean;
            /** @description Why. */
            reason: components["schemas"]["StopReason"];
            /**
             * Format: date-time
             * @description When the agent learnt that it has to stop.
             */
            requestedAt: string;
            /**
             * Format: int32
             * @description How many processes could not be killed.
             */
            survivors: number;
        };
        /**
         * @description Why a run was stopped.
         * @enum {string}
         */
        StopReason: "cancelled" | "timedOut" | "limitExceeded" | "misbehaved";
        /** @description How many to take. */
        TakeRequest: {
            /**
             * Format: int32
             * @description At most so many. Default 1.
             */
            limit?: number | null;
        };
        /** @description Items that were taken. */
        TakenList: {
            /** @description In the order in which they should be worked on. */
            items: components["schemas"]["WorkItem"][];
        };
        /** @description A token that enrols one agent, once. It is shown this once. */
        TokenView: {
            /**
             * Format: date-time
             * @description After this instant it is no good.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description What the agent is given. */
            token: string;
        };
        /** @description A password, and a code of the authenticator or a recovery code. */
        TotpProofRequest: {
            /**
             * Format: password
             * @description The present password.
             */
            password: string;
            /** @description A recovery code, in place of it. */
            recoveryCode?: string | null;
            /** @description The code that the authenticator shows. */
            totp?: string | null;
        };
        /** @description How the caller's authenticator stands. */
        TotpState: {
            /** @description Whether a login asks for its code. */
            enabled: boolean;
            /** @description Whether one must be enrolled before anything else is allowed. */
            enrolmentRequired: boolean;
            /** @description How many recovery codes are left. */
            recoveryCodesLeft: number;
        };
        /** @description One line of a traceback. */
        TraceFrame: {
            /** @description The file, relative to the package where it lies in it. */
            file: string;
            /** @description The function. */
            function: string;
            /**
             * Format: int32
             * @description The line, from 1.
             */
            line: number;
        };
        /** @description Another key for an object. */
        TransferRequest: {
            /** @description The key that it has. */
            from: string;
            /** @description Whether what is there may be replaced. Default: no. */
            overwrite?: boolean;
            /** @description The key that it shall have. */
            to: string;
        };
        /** @description A trigger. */
        Trigger: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who made it.
             */
            createdById: string;
            /**
             * Format: uuid
             * @description Where.
             */
            environmentId: string;
            /** @description Where a webhook is sent. */
            hookPath?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /** @description Inputs that are the same each time. */
            inputs: Record<string, unknown>;
            /** @description Whether it fires. */
            isActive: boolean;
            /** @description Further inputs by name, each with a JSON Pointer to its value. */
            mapping: {
                [key: string]: string;
            };
            /** @description A name for people. */
            name: string;
            /**
             * Format: uuid
             * @description What is run.
             */
            packageId: string;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /** @description What it waits for. */
            source: components["schemas"]["TriggerSource"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
        };
        /** @description Why a trigger does not fire. */
        TriggerExplanation: {
            /**
             * Format: date-time
             * @description At which instant.
             */
            at: string;
            /** @description Every reason for which it does not fire now, or would not if something happened; empty if nothing holds it back. */
            holds: components["schemas"]["TriggerHold"][];
        };
        /** @description What a trigger made of one happening. */
        TriggerFiring: {
            /**
             * Format: uuid
             * @description The execution that it made; `null` if it made none.
             */
            executionId?: string | null;
            /**
             * Format: date-time
             * @description When it was decided.
             */
            firedAt: string;
            /**
             * @description What happened: the signature of a webhook, the id of the execution that ended, the number of a look at a queue
             *     with that of the execution (`7.1`), the fingerprint of a file. It counts once.
             */
            key: string;
            /**
             * @description Why it made none: `inactive`, `noActiveVersion`, `untrustedVersion`, `invalidInputs`, `invalidOptions`
             *     if it can't be placed as the package says, or `depthLimit` if too many executions stand before it.
             */
            skipped?: string | null;
        };
        /** @description What a trigger did last. */
        TriggerFiringList: {
            /** @description The latest first. */
            items: components["schemas"]["TriggerFiring"][];
        };
        /** @description One reason. */
        TriggerHold: {
            /** @enum {string} */
            kind: "inactive";
        } | {
            /** @enum {string} */
            kind: "noActiveVersion";
        } | {
            /** @enum {string} */
            kind: "untrustedVersion";
        } | {
            /** @enum {string} */
            kind: "queueGone";
        } | {
            /** Format: date-time */
            againAt?: string | null;
            /** @enum {string} */
            kind: "notEnough";
            /** Format: date-time */
            oldestAt?: string | null;
            /** Format: int32 */
            ready: number;
        } | {
            /** @enum {string} */
            kind: "rests";
            /** Format: date-time */
            until: string;
        } | {
            /** @enum {string} */
            kind: "full";
            /** Format: int32 */
            open: number;
            /** Format: int32 */
            wanted: number;
        } | {
            /** @enum {string} */
            kind: "noAgent";
        } | {
            /** Format: uuid */
            agentId: string;
            /** @enum {string} */
            kind: "agentAway";
            name: string;
        } | {
            /** Format: uuid */
            agentId: string;
            /** @enum {string} */
            kind: "silent";
            name: string;
        } | {
            /** Format: uuid */
            agentId: string;
            code: string;
            /** @enum {string} */
            kind: "watch";
            message: string;
            name: string;
            /** Format: date-time */
            toldAt: string;
        } | {
            /** @enum {string} */
            kind: "rate";
            /** Format: int32 */
            most: number;
        };
        /** @description What a trigger shall be. */
        TriggerRequest: {
            /**
             * Format: uuid
             * @description Where; the default environment if left out of a new one.
             */
            environmentId?: string | null;
            /** @description Inputs that are the same each time. */
            inputs?: Record<string, unknown>;
            /** @description Whether it fires. Default: yes. */
            isActive?: boolean | null;
            /**
             * @description Further inputs by name, each with a JSON Pointer (RFC 6901) to its value in what the source tells. What is not
             *     there is left out.
             * @example {
             *       "total": "/outputs/total"
             *     }
             */
            mapping?: {
                [key: string]: string;
            };
            /** @description A name for people. */
            name: string;
            /**
             * Format: uuid
             * @description What is run: its active version when it fires.
             */
            packageId: string;
            /**
             * Format: int64
             * @description For changes: the revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /** @description What it waits for. */
            source: components["schemas"]["TriggerSource"];
        };
        /** @description What a trigger waits for. */
        TriggerSource: {
            /** @enum {string} */
            kind: "webhook";
            style?: components["schemas"]["WebhookStyle"] | null;
        } | {
            /** @enum {string} */
            kind: "executionFinished";
            on?: components["schemas"]["EndedAs"] | null;
            /**
             * Format: uuid
             * @description Of which package.
             */
            packageId: string;
        } | {
            /**
             * Format: int32
             * @description How many items one execution is worth: of `ready` items, `ready / itemsPerExecution` executions are wanted,
             *     rounded up, and those of this trigger that run or wait count among them. Default 1.
             */
            itemsPerExecution?: number | null;
            /** @enum {string} */
            kind: "workQueue";
            /**
             * Format: int64
             * @description It fires with fewer items too, if one could be taken for longer than this, in milliseconds. Never, if left
             *     out.
             */
            maxAgeMs?: number | null;
            /**
             * Format: int32
             * @description The most executions of this trigger that run or wait at once. Default 1.
             */
            maxRunning?: number | null;
            /**
             * Format: int32
             * @description It fires from so many items on that can be taken now. Default 1.
             */
            minItems?: number | null;
            /**
             * Format: int64
             * @description How long it rests after it fired, in milliseconds. Default 0.
             */
            minPauseMs?: number | null;
            /**
             * Format: uuid
             * @description Which queue.
             */
            queueId: string;
        } | {
            after?: components["schemas"]["AfterArrival"] | null;
            /**
             * Format: uuid
             * @description The agent whose folder it is. It, `label` or `poolId` is given.
             */
            agentId?: string | null;
            /**
             * @description An absolute path as the agent's system has it, below what its operator allows by `--watch-root`. What lies
             *     in its subfolders does not count.
             */
            folder: string;
            /** @description Whether files count that are there when an agent watches for the first time. Default: no. */
            includeExisting?: boolean | null;
            /** @enum {string} */
            kind: "fileArrival";
            /**
             * @description Every agent with this label watches a folder of its own. A share that several agents see is to be watched
             *     by one of them.
             */
            label?: string | null;
            /**
             * Format: int64
             * @description The largest file that counts, in bytes. Default 1 GiB; with `pass` = `file` no more than the server takes.
             */
            maxBytes?: number | null;
            /**
             * Format: int32
             * @description The most executions within an hour; further files wait. Default 1000.
             */
            maxPerHour?: number | null;
            pass?: components["schemas"]["PassAs"] | null;
            /** @description Which names count: `*` for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of some. Default `*`. */
            pattern?: string | null;
            /**
             * Format: uuid
             * @description Every agent of this pool watches a folder of its own.
             */
            poolId?: string | null;
            /**
             * Format: int64
             * @description How long a file has to keep its size and its time before it has arrived, in milliseconds. Default 2000.
             */
            settleMs?: number | null;
        };
        /** @description What shall change of a pool; what is left out stays. */
        UpdateAgentPoolRequest: {
            /** @description What it is for. */
            description?: string | null;
            /** @description The name. */
            name?: string | null;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
        };
        /** @description What shall change of an agent; what is left out stays. */
        UpdateAgentRequest: {
            /**
             * Format: date-time
             * @description With the status `Draining`: until when it takes nothing new.
             */
            drainUntil?: string | null;
            /** @description The machine's address. */
            ipAddress?: string | null;
            /** @description What it can do. */
            labels?: string[] | null;
            /** @description The machine's host name. */
            machineName?: string | null;
            /** @description When it takes nothing new. */
            maintenanceWindows?: components["schemas"]["MaintenanceWindow"][] | null;
            /** @description The name. */
            name?: string | null;
            /** @description The pools that it is in. */
            poolIds?: string[] | null;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            status?: components["schemas"]["AgentStatus"] | null;
        };
        /** @description What shall change of an environment; what is left out stays. */
        UpdateEnvironmentRequest: {
            /** @description The keys of the authors whose versions are deployed and run here; none for everybody's. */
            authorKeys?: string[] | null;
            /** @description Whether somebody else than who asks has to agree to what is deployed here. */
            fourEyes?: boolean | null;
            /** @description Whether it is meant where a request names none. To end that, make another one the default. */
            isDefault?: boolean | null;
            /**
             * Format: int32
             * @description How many executions may be with agents at once; 0 for no limit.
             */
            maxConcurrent?: number | null;
            /** @description Another name. */
            name?: string | null;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
        };
        /** @description What shall change of a package; what is left out stays. */
        UpdatePackageRequest: {
            /** @description What it does. */
            description?: string | null;
            /**
             * Format: int32
             * @description How many executions may be with agents at once in an environment; 0 for no limit.
             */
            maxConcurrent?: number | null;
            /** @description The name. */
            name?: string | null;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
        };
        /** @description What shall change of a person; what is left out stays. */
        UpdateUserRequest: {
            /** @description The custom roles that the person has besides; as `roles`. */
            customRoles?: string[] | null;
            /** @description Whether the person is kept from signing in; for those who manage people, and not of themselves. */
            disabled?: boolean | null;
            /** @description The address. */
            email?: string | null;
            /**
             * @description The roles that the person has in single environments besides; as `roles`. All of them at once: what is left out of
             *     the list is taken away.
             */
            environmentRoles?: components["schemas"]["EnvironmentRoles"][] | null;
            /**
             * Format: int64
             * @description The revision that the caller saw; or give it as `If-Match`.
             */
            revision?: number | null;
            /**
             * @description The built-in roles; for those who manage people, and not of themselves. Nobody gives more than they have. May be
             *     empty if there are custom roles, or roles in an environment.
             */
            roles?: components["schemas"]["Role"][] | null;
            /** @description The name to sign in with. */
            username?: string | null;
        };
        /** @description How busy a machine was. */
        UsageList: {
            /** @description One a minute at most, oldest first. */
            items: components["schemas"]["UsagePoint"][];
        };
        /** @description How busy a machine was in one minute. */
        UsagePoint: {
            /**
             * Format: date-time
             * @description When it was told.
             */
            at: string;
            /**
             * Format: double
             * @description How much of all processors was busy, 0 to 1.
             */
            cpu: number;
            /**
             * Format: int64
             * @description How much memory was in use, in bytes.
             */
            memoryUsedBytes: number;
        };
        /** @description A person with an account. */
        User: {
            /**
             * Format: date-time
             * @description When the account was made.
             */
            createdAt: string;
            /** @description The custom roles that the person has besides. */
            customRoles: string[];
            /** @description Whether the person is kept from signing in. */
            disabled: boolean;
            /** @description The address. */
            email: string;
            /** @description The roles that the person has in single environments besides. */
            environmentRoles: components["schemas"]["EnvironmentRoles"][];
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When the person last signed in.
             */
            lastLogin?: string | null;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /** @description What the person may do. */
            roles: components["schemas"]["Role"][];
            /** @description The name to sign in with. */
            username: string;
        };
        /** @description What verifying found. */
        VerifyView: {
            /**
             * Format: int64
             * @description How many signed checkpoints agreed.
             */
            checkpoints: number;
            firstBad?: components["schemas"]["FirstBadView"] | null;
            /** @description The end of the chain. Keep it elsewhere: who changes the chain can't change that. */
            head: components["schemas"]["HeadView"];
            /** @description Whether every sealed entry is as it was written and none is missing. */
            ok: boolean;
            /**
             * Format: int64
             * @description How many entries were found right before the end or the first bad one.
             */
            verified: number;
        };
        /**
         * @description How the sender of a webhook proves who it is.
         * @enum {string}
         */
        WebhookStyle: "timestamped" | "github";
        /** @description An item. */
        WorkItem: components["schemas"]["WorkItemSummary"] & {
            /** @description The uploaded files that belong to it. */
            files: string[];
            /** @description What came of it. */
            output?: unknown;
            /** @description What is to be done. */
            payload: unknown;
        };
        /** @description Why an attempt at an item failed. */
        WorkItemError: {
            /** @description A word of the automation's own. */
            code?: string | null;
            /** @description Whose fault it was. */
            kind: components["schemas"]["ItemErrorKind"];
            /** @description What happened. */
            message: string;
        };
        /**
         * @description Where a work item stands.
         * @enum {string}
         */
        WorkItemState: "New" | "InProgress" | "Successful" | "Failed" | "BusinessFailed" | "DeadLetter" | "Deleted";
        /** @description An item in a list. */
        WorkItemSummary: {
            /**
             * Format: int32
             * @description How often it was taken; what was released does not count.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description From when on it may be taken: the end of the wish, or of the back-off.
             */
            availableAt: string;
            /**
             * Format: date-time
             * @description When it was added.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description Not before this instant, by the wish of whoever added it.
             */
            deferUntil?: string | null;
            /**
             * Format: date-time
             * @description Until when it should be done.
             */
            dueAt?: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endedAt?: string | null;
            error?: components["schemas"]["WorkItemError"] | null;
            /**
             * Format: uuid
             * @description The execution that took it last, if one did.
             */
            executionId?: string | null;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: int32
             * @description The number of the last take; 0 before the first.
             */
            leaseEpoch: number;
            /**
             * Format: date-time
             * @description Until when it is the caller's who took it.
             */
            leaseUntil?: string | null;
            /**
             * Format: uuid
             * @description The item whose completion added this one.
             */
            parentId?: string | null;
            /**
             * Format: int32
             * @description Higher goes first.
             */
            priority: number;
            /**
             * Format: uuid
             * @description In which queue.
             */
            queueId: string;
            /** @description What people know it by. */
            reference?: string | null;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When it was last taken.
             */
            startedAt?: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["WorkItemState"];
            /**
             * Format: uuid
             * @description Who took it last through the API, if somebody did.
             */
            takenById?: string | null;
        };
        /** @description A queue. */
        WorkQueue: {
            /** @description Whether an item is tried again by itself. */
            autoRetry: boolean;
            /**
             * Format: int64
             * @description The wait after the first application error in milliseconds.
             */
            backoffMs: number;
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who made it.
             */
            createdById: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: uuid
             * @description Where it is.
             */
            environmentId: string;
            /**
             * Format: uuid
             * @description The id.
             */
            id: string;
            /**
             * Format: int64
             * @description How long an item is a caller's, in milliseconds.
             */
            leaseMs: number;
            /**
             * Format: int32
             * @description How often an item is taken before it becomes a `DeadLetter`.
             */
            maxAttempts: number;
            /** @description The name. */
            name: string;
            /** @description What payloads look like. */
            payloadSchema?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description Raised with each change; the ETag.
             */
            revision: number;
            /** @description Whether references are unique. */
            uniqueReferences: boolean;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
        };
        /** @description A field of the request that is wrong. */
        WrongField: {
            /** @description Its camelCase path, as in `inputs.invoice.total`. */
            field: string;
            /** @description What is wrong; it never repeats the value. */
            message: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
