import { Triggers } from '@/features/triggers/screen';

export default function Page() {
  return <Triggers />;
}
