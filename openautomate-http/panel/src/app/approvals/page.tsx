import { Approvals } from '@/features/approvals/screen';

export default function Page() {
  return <Approvals />;
}
