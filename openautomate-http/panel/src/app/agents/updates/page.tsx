import { AgentUpdates } from '@/features/releases/screen';

export default function Page() {
  return <AgentUpdates />;
}
