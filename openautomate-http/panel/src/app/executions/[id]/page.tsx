import { ExecutionDetail } from '@/features/executions/detail';

/** Built once, as `_`; the server gives it for every id. */
export function generateStaticParams() {
  return [{ id: '_' }];
}

export default function Page() {
  return <ExecutionDetail />;
}
