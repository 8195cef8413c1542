import texts from './en/shell.json';
import { add } from './all';

add({ shell: texts });
