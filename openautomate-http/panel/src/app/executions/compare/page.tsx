import { Compare } from '@/features/executions/compare';

export default function Page() {
  return <Compare />;
}
