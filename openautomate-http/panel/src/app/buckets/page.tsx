import { Buckets } from '@/features/buckets/screen';

export default function Page() {
  return <Buckets />;
}
