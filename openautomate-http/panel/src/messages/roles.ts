import texts from './en/roles.json';
import { add } from './all';

add({ roles: texts });
