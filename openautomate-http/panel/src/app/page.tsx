import { Dashboard } from '@/features/dashboard/screen';

export default function Page() {
  return <Dashboard />;
}
