import texts from './en/permissions.json';
import { add } from './all';

add({ permissions: texts });
