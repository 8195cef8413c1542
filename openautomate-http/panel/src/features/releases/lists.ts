import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Agent, AgentRelease, AgentRollout, AgentUpdate } from '@/api/types';
import { api, got } from '@/lib/api';
import { all } from '@/lib/lists';
import { keys } from '@/lib/query';

/** How often a rollout that is under way is looked at, in milliseconds. */
const SOON = 2_000;

export function useReleases(): UseQueryResult<AgentRelease[]> {
  return useQuery({
    queryKey: keys.releases,
    queryFn: () => all((cursor) => got(api.GET('/api/agent-releases', { params: { query: { cursor, limit: 200 } } }))),
  });
}

/** Rollouts, the newest first; again and again while one is under way. */
export function useRollouts(): UseQueryResult<AgentRollout[]> {
  return useQuery({
    queryKey: keys.rollouts,
    queryFn: () => all((cursor) => got(api.GET('/api/agent-rollouts', { params: { query: { cursor, limit: 200 } } }))),
    refetchInterval: ({ state }) => (state.data?.some((one) => one.state === 'running') ? SOON : false),
  });
}

/** How far each agent of a rollout is. */
export function useUpdates(rollout: AgentRollout): UseQueryResult<AgentUpdate[]> {
  const isUnderWay = rollout.state === 'running';
  return useQuery({
    // Read once more when it has ended.
    queryKey: [...keys.rollouts, rollout.id, 'agents', isUnderWay],
    queryFn: () =>
      all((cursor) => got(api.GET('/api/agent-rollouts/{id}/agents', { params: { path: { id: rollout.id }, query: { cursor, limit: 200 } } }))),
    refetchInterval: isUnderWay ? SOON : false,
    placeholderData: (before) => before,
  });
}

/** Whether an agent is one of those that are asked for. */
export function isTarget(agent: Agent, target: AgentRollout['target']): boolean {
  switch (target.kind) {
    case 'pool':
      return agent.poolIds.some((id) => id === target.poolId);
    case 'label':
      return agent.labels.some((label) => label === target.label);
    default:
      return true;
  }
}

/** Whether a rollout would take an agent in, as far as can be told here: the server compares the versions. */
export function isReached(agent: Agent, release: AgentRelease, target: AgentRollout['target']): boolean {
  return agent.slots > 0 && agent.status !== 'Disabled' && agent.facts.agentVersion !== release.version && isTarget(agent, target);
}
