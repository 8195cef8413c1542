import { Schedules } from '@/features/schedules/screen';

export default function Page() {
  return <Schedules />;
}
