import { Audit } from '@/features/audit/screen';

export default function Page() {
  return <Audit />;
}
