import texts from './en/packages.json';
import { add } from './all';

add({ packages: texts });
