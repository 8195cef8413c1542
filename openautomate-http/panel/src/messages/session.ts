import texts from './en/session.json';
import { add } from './all';

add({ session: texts });
