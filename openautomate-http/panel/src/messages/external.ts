import texts from './en/external.json';
import { add } from './all';

add({ external: texts });
