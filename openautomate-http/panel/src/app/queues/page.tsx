import { Queues } from '@/features/queues/screen';

export default function Page() {
  return <Queues />;
}
