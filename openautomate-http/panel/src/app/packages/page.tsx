import { Packages } from '@/features/packages/screen';

export default function Page() {
  return <Packages />;
}
