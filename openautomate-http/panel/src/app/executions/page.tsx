import { Executions } from '@/features/executions/screen';

export default function Page() {
  return <Executions />;
}
