import { BucketDetail } from '@/features/buckets/detail';

/** Built once, as `_`; the server gives it for every id. */
export function generateStaticParams() {
  return [{ id: '_' }];
}

export default function Page() {
  return <BucketDetail />;
}
