import { Settings } from '@/features/settings/screen';

export default function Page() {
  return <Settings />;
}
