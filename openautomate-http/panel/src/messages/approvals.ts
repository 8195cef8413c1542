import texts from './en/approvals.json';
import { add } from './all';

add({ approvals: texts });
