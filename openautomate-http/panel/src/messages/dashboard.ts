import texts from './en/dashboard.json';
import { add } from './all';

add({ dashboard: texts });
