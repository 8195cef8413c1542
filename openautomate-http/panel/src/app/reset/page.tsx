import { Reset } from '@/features/session/reset';

export default function Page() {
  return <Reset />;
}
