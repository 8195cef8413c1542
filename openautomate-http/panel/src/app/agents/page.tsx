import { Agents } from '@/features/agents/screen';

export default function Page() {
  return <Agents />;
}
