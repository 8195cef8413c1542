import texts from './en/audit.json';
import { add } from './all';

add({ audit: texts });
