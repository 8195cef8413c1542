import texts from './en/users.json';
import { add } from './all';

add({ users: texts });
