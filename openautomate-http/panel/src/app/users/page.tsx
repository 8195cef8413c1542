import { Users } from '@/features/users/screen';

export default function Page() {
  return <Users />;
}
