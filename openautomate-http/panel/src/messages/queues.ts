import texts from './en/queues.json';
import { add } from './all';

add({ queues: texts });
