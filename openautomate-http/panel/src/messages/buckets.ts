import texts from './en/buckets.json';
import { add } from './all';

add({ buckets: texts });
