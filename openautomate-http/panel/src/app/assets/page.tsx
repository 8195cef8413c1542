import { Assets } from '@/features/assets/screen';

export default function Page() {
  return <Assets />;
}
